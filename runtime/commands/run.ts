import { writeSync } from "node:fs";
import { constants } from "node:os";
import type { Container } from "../container/container.ts";
import { type NamedRequest, prepare } from "../container/prepare.ts";
import { FORWARDED } from "../container/signals.ts";
import { start } from "../container/start.ts";
import { Failure } from "../failure.ts";
import { openShim } from "../host/shim.ts";
import { isInteractive, takeTerminal } from "../host/terminal.ts";
import type { ExitStatus } from "../state/exit.ts";
import { parseRun } from "./run-arguments.ts";

/** Runs a container by the arguments after `run`, and returns the exit code that docker would. Throws Failure. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const { request, explain } = parseRun(args);
  const status = await run({ ...request, terminal: isInteractive() }, explain);
  if (status.oomKilled) reportOom(request.limits?.memory);
  if (status.signal === "SIGSYS") reportFiltered();
  return exitCodeOf(status);
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

function reportOom(limit: string | undefined): void {
  const remedy = limit === undefined ? "this machine has no more" : `it may use ${limit}; allow it more with -m`;
  process.stderr.write(
    `tinydocker: the container used up its memory, and the kernel killed a process of it\n  ${remedy}\n`,
  );
}

/** The kernel ends no process by this signal for another reason, and says nothing itself. */
function reportFiltered(): void {
  process.stderr.write(
    "tinydocker: the command made a system call that its filter does not let it survive, as programs of 32 bits do\n" +
      "  --security-opt seccomp=unconfined runs it without a filter\n",
  );
}

/** As a shell reports a signal: 128 plus its number. */
function exitCodeOf(status: ExitStatus): number {
  if (status.signal === null) return status.code;
  const number = constants.signals[status.signal];
  if (number === undefined) throw new Failure(`the command was ended by ${status.signal}`, { code: "internal" });
  return 128 + number;
}
