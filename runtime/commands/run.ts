import { imageLife } from "../container/image-defaults.ts";
import { choosesPorts, type NamedRequest, prepare } from "../container/prepare.ts";
import { start, startDetached } from "../container/start.ts";
import { openShim } from "../host/shim.ts";
import { takeTerminal } from "../host/terminal.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { ExitStatus } from "../state/exit.ts";
import { exitCodeOf } from "../state/exit.ts";
import { explainOnStderr } from "./explain.ts";
import { pullFirst } from "./image/pull-first.ts";
import { type Detached, parseRun } from "./run-arguments.ts";
import { say } from "./say.ts";
import { catchSignals } from "./signals.ts";
import { type Streams, streamsFor } from "./streams.ts";
import { warn } from "./warn.ts";
import { warnOfUnused } from "./without-effect.ts";
import { writeAll } from "./write.ts";

/** Runs a container by the arguments after `run`, and returns the exit code that docker would. Throws Failure. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const { request, explain, streams, detached, pull } = parseRun(args);
  warnOfUnused(request);
  await pullFirst(request.image, pull);
  if (detached) return await runDetached({ ...request, terminal: streams?.terminal ?? false }, detached, explain);
  const status = await run(request, streamsFor(streams), explain);
  if (status.oomKilled) reportOom(request.limits?.memory);
  if (status.signal === "SIGSYS") reportFiltered();
  return exitCodeOf(status);
}

async function runDetached(request: NamedRequest, detached: Detached, explain: boolean): Promise<number> {
  const observer = explain ? await explainOnStderr() : undefined;
  try {
    const spec = await prepare(request);
    if (choosesPorts(request)) reportPorts(spec);
    const life = imageLife(detached, spec.annotations);
    const id = await startDetached(spec, life, detached.remove, { warn, ...(observer ? { observer } : {}) });
    writeAll(1, `${id}\n`);
    return 0;
  } finally {
    observer?.finish();
  }
}

async function run(request: NamedRequest, streams: Streams, explain: boolean): Promise<ExitStatus> {
  const { terminal, stdio, raw } = streams;
  const spec = await prepare({ ...request, terminal });
  if (choosesPorts(request)) reportPorts(spec);
  const observer = explain ? await explainOnStderr() : undefined;
  const shim = await openShim();
  const signals = catchSignals(shim, terminal);
  let restore: (() => void) | undefined;
  // What is typed at the command's first word must find raw mode: an end of input would be lost.
  const beforeSpawn = () => {
    if (raw) restore ??= takeTerminal(shim);
  };
  try {
    const container = await start(spec, { stdio, warn, beforeSpawn, ...(observer ? { observer } : {}) });
    signals.forwardTo(container);
    return await container.exited;
  } finally {
    restore?.();
    signals.stop();
    observer?.finish();
  }
}

function reportPorts({ name, network: { ports } }: ContainerSpec): void {
  for (const { container, protocol, host } of ports)
    say(`tinydocker: ${container}/${protocol} of ${name} is port ${host} of this machine\n`);
}

function reportOom(limit: string | undefined): void {
  const remedy = limit === undefined ? "this machine has no more" : `it may use ${limit}; allow it more with -m`;
  say(`tinydocker: the container used up its memory, and the kernel killed a process of it\n  ${remedy}\n`);
}

/** The kernel ends no process by this signal for another reason, and says nothing itself. */
function reportFiltered(): void {
  say(
    "tinydocker: the command made a system call that its filter does not let it survive, as programs of 32 bits do under a profile for 64\n" +
      "  --security-opt seccomp=unconfined runs it without a filter\n",
  );
}
