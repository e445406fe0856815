import { create } from "../../../runtime/container/create.ts";
import { kill } from "../../../runtime/container/kill.ts";
import { remove } from "../../../runtime/container/remove.ts";
import { prepare } from "../../../runtime/container/request/prepare.ts";
import { start, startCreated } from "../../../runtime/container/start.ts";
import { wait } from "../../../runtime/container/wait.ts";
import { importImage } from "../../../runtime/image/import.ts";
import { handleOf } from "../../../runtime/state/containers.ts";
import { placesOf } from "../../../runtime/state/places.ts";
import { stateRoot } from "../../../runtime/state/root.ts";
import { find } from "../../../runtime/state/status.ts";

/** A command line with one process per verb: VERB NAME [ARG…]. It prints what the verb returns as JSON. */
const [verb = "", name = "", ...words] = process.argv.slice(2);
const args = words.filter((word) => !word.startsWith("--image="));
const image = words.find((word) => word.startsWith("--image="))?.slice("--image=".length) ?? "box";
const root = stateRoot();
const container = () => handleOf(root, name);

const VERBS: Readonly<Record<string, () => Promise<unknown>>> = {
  import: () =>
    importImage({
      root,
      name,
      source: args[0] ?? "",
      stdin: process.stdin,
      signal: new AbortController().signal,
      progress: () => {},
    }),
  create: async () => create(await prepare({ name, image, args })),
  run: async () => (await start(await prepare({ name, image, args }))).exited,
  start: async () => (await startCreated(name)).exited,
  kill: () => kill(container(), "SIGTERM"),
  wait: () => wait(container()),
  // Both begin by opening the same library, so the wait is under way when the signal is sent.
  "wait-and-kill": async () => (await Promise.all([wait(container()), kill(container(), "SIGTERM")]))[0],
  remove: () => remove(container()),
  find: async () => find(placesOf(root, name)),
};

/** The rig's bundle is CommonJS, in which a module can't wait. */
async function main(): Promise<void> {
  try {
    const result = await VERBS[verb]?.();
    process.stdout.write(`${JSON.stringify(result ?? null)}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 125;
  }
}

void main();
