import { writeSync } from "node:fs";
import { constants } from "node:os";
import { parseArgs } from "node:util";
import type { Container } from "../container/container.ts";
import { type NamedRequest, prepare } from "../container/prepare.ts";
import { FORWARDED } from "../container/signals.ts";
import { start } from "../container/start.ts";
import { Failure } from "../failure.ts";
import { openShim } from "../host/shim.ts";
import { isInteractive, takeTerminal } from "../host/terminal.ts";
import type { ExitStatus } from "../state/exit.ts";

/** As parseArgs of node:util takes them; the help is generated from them as well. */
export const RUN_OPTIONS = {
  image: { type: "string", describe: "image of the root; the default, host, is this machine's own root" },
  env: { type: "string", short: "e", multiple: true, describe: "K=V, or K for the value in your environment" },
  workdir: { type: "string", short: "w", describe: "directory the command starts in" },
  user: { type: "string", short: "u", describe: "UID[:GID], numbers or names from the image" },
  hostname: { type: "string", describe: "default: NAME" },
  volume: {
    type: "string",
    short: "v",
    multiple: true,
    describe: "SRC:DST[:ro]: bind mount a file or directory of this machine",
  },
  "read-only": { type: "boolean", describe: "make the root read-only" },
  explain: { type: "boolean", describe: "print each step, the reason for it, and how long it took" },
} as const;

const REMEDY = "tinydocker run [OPTION…] NAME CMD [ARG…]; see tinydocker run --help";

/** Runs a container by the arguments after `run`, and returns the exit code that docker would. Throws Failure. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const { options, request } = parseRun(args);
  return exitCodeOf(await run({ ...request, terminal: isInteractive() }, options.explain ?? false));
}

/** Options end at NAME: what follows belongs to the command. Throws Failure for an unknown option. */
export function parseRun(args: readonly string[]) {
  const { tokens } = parseArgs({ args: [...args], options: RUN_OPTIONS, strict: false, tokens: true });
  const name = tokens.find(({ kind }) => kind !== "option");
  const end = name?.index ?? args.length;
  const options = parseOptions(args.slice(0, end));
  const [first, ...command] = args.slice(name?.kind === "option-terminator" ? end + 1 : end);
  if (first === undefined) throw new Failure("the name of the container is missing", { code: "usage", remedy: REMEDY });
  if (command.length === 0) throw new Failure("there is no command to run", { code: "usage", remedy: REMEDY });
  const { image, env, workdir, user, hostname, volume } = options;
  const request: NamedRequest = {
    name: first,
    args: command,
    env: env ?? [],
    volumes: volume ?? [],
    readonly: options["read-only"] ?? false,
    ...(image === undefined ? {} : { image }),
    ...(workdir === undefined ? {} : { cwd: workdir }),
    ...(user === undefined ? {} : { user }),
    ...(hostname === undefined ? {} : { hostname }),
  };
  return { options, request };
}

function parseOptions(args: string[]) {
  try {
    return parseArgs({ args, options: RUN_OPTIONS, strict: true }).values;
  } catch (error) {
    const message = error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error);
    throw new Failure(`${message.charAt(0).toLowerCase()}${message.slice(1)}`, {
      code: "usage",
      remedy: REMEDY,
      cause: error,
    });
  }
}

async function run(request: NamedRequest, explain: boolean): Promise<ExitStatus> {
  const spec = await prepare(request);
  const observer = explain ? await explainOnStderr() : undefined;
  const signals = catchSignals();
  let restore = () => {};
  try {
    const container = await start(spec, { warn, ...(observer ? { observer } : {}) });
    signals.forwardTo(container);
    if (request.terminal) restore = takeTerminal(await openShim());
    return await container.exited;
  } finally {
    restore();
    signals.stop();
    observer?.finish();
  }
}

/** Its words are a tenth of the program, and a run without --explain does not load them. */
async function explainOnStderr() {
  const { explainer } = await import("../explain/explain.ts");
  const { languageOf } = await import("../explain/reason.ts");
  return explainer(languageOf(process.env), (words) => void writeSync(2, words));
}

function warn({ message, remedy }: Failure): void {
  process.stderr.write(`tinydocker: warning: ${message}\n${remedy ? `  ${remedy}\n` : ""}`);
}

/** Catches signals from now on, and passes them to the container once there is one. */
function catchSignals() {
  const early: NodeJS.Signals[] = [];
  let container: Container | undefined;
  const forward = (signal: NodeJS.Signals) => (container ? container.kill(signal) : void early.push(signal));
  const resize = () => container?.resize();
  for (const signal of FORWARDED) process.on(signal, forward);
  process.on("SIGWINCH", resize);
  return {
    forwardTo(started: Container) {
      container = started;
      for (const signal of early) forward(signal);
    },
    stop() {
      for (const signal of FORWARDED) process.off(signal, forward);
      process.off("SIGWINCH", resize);
    },
  };
}

/** As a shell reports a signal: 128 plus its number. */
function exitCodeOf(status: ExitStatus): number {
  if (status.signal === null) return status.code;
  const number = constants.signals[status.signal];
  if (number === undefined) throw new Failure(`the command was ended by ${status.signal}`, { code: "internal" });
  return 128 + number;
}
