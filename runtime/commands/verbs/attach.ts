import { resolve } from "node:path";
import { type Attachment, attachTo } from "../../container/attach/attach.ts";
import { detachKeys, watchKeys } from "../../container/attach/detach-keys.ts";
import { kill } from "../../container/kill.ts";
import { Failure } from "../../failure.ts";
import { openShim } from "../../host/shim.ts";
import { isTerminal, takeTerminal } from "../../host/terminal.ts";
import { nameOf } from "../../state/containers.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { findExisting } from "../../state/status.ts";
import { exitCodeOf } from "../exit-code.ts";
import { catchSignals } from "../signals.ts";
import { one } from "./each.ts";
import { verb } from "./verb.ts";

export const attachVerb = verb({
  synopsis: "NAME",
  describe: "Show what a detached container prints from now on, and type into it; ctrl-p ctrl-q leaves it",
  options: {
    "detach-keys": { type: "string", describe: "leave it by these keys; default: ctrl-p,ctrl-q" },
    "no-stdin": { type: "boolean", describe: "type nothing into it" },
    "sig-proxy": { type: "boolean", describe: "pass signals on to it; default: true" },
  },
  run: async (values, names) => {
    const root = resolve(stateRoot());
    const name = nameOf(root, one(names));
    const { life, spec } = findExisting(placesOf(root, name), name).record;
    const keys = detachKeys(values["detach-keys"]);
    const takesInput = !values["no-stdin"] && (spec.process.terminal || life?.stdinOpen === true);
    if (takesInput && spec.process.terminal && !isTerminal(0)) throw noTerminal(name);
    const attachment = await attachTo(root, name, print);
    const end = await connect(attachment, { name, keys, takesInput, terminal: spec.process.terminal, ...values });
    return end === "detached" ? 0 : exitCodeOf(end);
  },
});

/** Its program would wait for keys that nobody types, and may take no notice of a signal. */
function noTerminal(name: string): Failure {
  return new Failure(`the container ${name} has a terminal, and standard input is not one`, {
    code: "usage",
    remedy: "--no-stdin only shows what it prints",
  });
}

interface Streams {
  readonly name: string;
  readonly keys: Buffer;
  readonly takesInput: boolean;
  readonly terminal: boolean;
  readonly "sig-proxy"?: boolean | undefined;
}

/** What may wait for a terminal or pipe that is not read; then the monitor is not held up by it. */
const OUTPUT_BYTES_MAX = 64 << 20;

function print(stream: "stdout" | "stderr", bytes: Buffer): void {
  const out = process[stream];
  if (out.writableLength > OUTPUT_BYTES_MAX) throw tooSlow();
  out.write(bytes);
}

async function connect(attachment: Attachment, streams: Streams) {
  const shim = await openShim();
  const isRaw = streams.takesInput && streams.terminal && isTerminal(0);
  const signals = streams["sig-proxy"] === false ? undefined : catchSignals(shim, streams.terminal);
  signals?.forwardTo(signalled(attachment, streams.name));
  const restore = isRaw ? takeTerminal(shim) : () => {};
  if (streams.terminal) resize(attachment);
  // A reader that is gone ends this, not the container.
  for (const out of [process.stdout, process.stderr]) out.on("error", attachment.close);
  let detached = false;
  const detach = () => {
    detached = true;
    attachment.close();
  };
  if (streams.takesInput) passInput(attachment, isRaw ? streams.keys : undefined, detach);
  try {
    const status = await attachment.ended;
    if (status) return status;
    if (detached || process.stdout.destroyed) return "detached" as const;
    throw tooSlow();
  } finally {
    process.stdin.destroy();
    restore();
    signals?.stop();
  }
}

/** The end of the input leaves that of the container open, as with docker. */
function passInput(attachment: Attachment, keys: Buffer | undefined, detach: () => void): void {
  const watch = keys && watchKeys(keys);
  process.stdin.on("error", () => {});
  process.stdin.on("data", (typed: Buffer) => {
    const { passed, detached } = watch ? watch(typed) : { passed: typed, detached: false };
    if (passed.length > 0) attachment.input(passed);
    if (detached) detach();
  });
}

function signalled(attachment: Attachment, name: string) {
  return {
    kill: (signal: NodeJS.Signals) => {
      // It may have ended just now.
      kill(name, signal).catch(() => {});
      return true;
    },
    dropOutput: () => {},
    resize: () => resize(attachment),
  };
}

function resize(attachment: Attachment): void {
  const { rows, columns } = process.stdout;
  if (process.stdout.isTTY) attachment.resize(rows, columns);
}

function tooSlow(): Failure {
  return new Failure(
    "the connection to the container ended: its output came faster than it was read here, or its monitor ended",
    {
      code: "container-not-running",
      remedy: "tinydocker logs has all of it; tinydocker attach connects again",
    },
  );
}
