import { resolve } from "node:path";
import { attachTo } from "../../container/attach/attach.ts";
import { detachKeys } from "../../container/attach/detach-keys.ts";
import { containerEvent } from "../../events/container.ts";
import { Failure } from "../../failure.ts";
import { isTerminal } from "../../host/terminal.ts";
import { handleOf } from "../../state/containers.ts";
import { exitCodeOf } from "../../state/exit.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { find, findExisting } from "../../state/status.ts";
import { type Passing, passStreams, print } from "../run/attached-streams.ts";
import { one } from "./each.ts";
import { verb } from "./verb.ts";

export const ATTACH_OPTIONS = {
  "detach-keys": { type: "string", describe: "leave it by these keys; default: ctrl-p,ctrl-q" },
  "sig-proxy": { type: "boolean", describe: "pass signals on to one without a terminal; default: true" },
} as const;

export const attachVerb = verb({
  synopsis: "NAME",
  describe: "Show what a detached container prints from now on, and type into it; ctrl-p ctrl-q leaves it",
  options: { ...ATTACH_OPTIONS, "no-stdin": { type: "boolean", describe: "type nothing into it" } },
  run: async (values, names) => {
    const root = resolve(stateRoot());
    const container = handleOf(root, one(names));
    const { name } = container;
    const keys = detachKeys(values["detach-keys"]);
    const streams = streamsOf(root, name, !values["no-stdin"], "--no-stdin");
    const attachment = await attachTo(root, name, print);
    const passesSignals = values["sig-proxy"] !== false;
    const passing = await passStreams(attachment, { container, keys, passesSignals, ...streams });
    return exitCodeAfter(root, name, passing);
  },
});

/** docker's, once the container has ended or was left. */
export async function exitCodeAfter(root: string, name: string, passing: Passing): Promise<number> {
  try {
    const end = await passing.ended;
    if (end !== "detached") return exitCodeOf(end);
    const found = find(placesOf(root, name));
    if (found) containerEvent(root, "detach", found.record);
    return 0;
  } finally {
    passing.stop();
  }
}

/** Throws Failure for a terminal without one here; `without` is the option that types nothing. */
export function streamsOf(root: string, name: string, wantsInput: boolean, without: string) {
  const { life, spec } = findExisting(placesOf(root, name), name).record;
  const { terminal } = spec.process;
  const takesInput = wantsInput && (terminal || life?.stdinOpen === true);
  if (takesInput && terminal && !isTerminal(0)) throw noTerminal(name, without);
  return { terminal, takesInput, endsInput: life?.stdinOnce === true };
}

/** Its program would wait for keys that nobody types, and may take no notice of a signal. */
function noTerminal(name: string, without: string): Failure {
  return new Failure(`the container ${name} has a terminal, and standard input is not one`, {
    code: "usage",
    remedy: `${without} only shows what it prints`,
  });
}
