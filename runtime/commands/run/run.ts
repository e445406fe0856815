import { imageLife } from "../../container/request/image-defaults.ts";
import { choosesPorts, type NamedRequest, prepare } from "../../container/request/prepare.ts";
import { start, startDetached } from "../../container/start.ts";
import { Failure } from "../../failure.ts";
import { openShim } from "../../host/shim.ts";
import { takeTerminal } from "../../host/terminal.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import type { ExitStatus } from "../../state/exit.ts";
import { exitCodeOf } from "../../state/exit.ts";
import { pullFirst } from "../image/pull-first.ts";
import { say } from "../output/say.ts";
import { warn } from "../output/warn.ts";
import { writeAll } from "../output/write.ts";
import { catchSignals } from "../signals.ts";
import { explainOnStderr } from "./explain.ts";
import { withIdFile } from "./id-file.ts";
import { type Detached, parseRun, type RunArguments } from "./run-arguments.ts";
import { type Streams, streamsFor } from "./streams.ts";
import { warnOfUnused } from "./without-effect.ts";

/** Runs a container by the arguments after `run`, and returns the exit code that docker would. Throws Failure. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const parsed = parseRun(args);
  const { request, pull, idFile } = parsed;
  warnOfUnused(parsed);
  await pullFirst(request.image, pull);
  return await withIdFile(idFile, (tell) => runParsed(parsed, tell));
}

/** Is told the id of the container. */
type Tell = (id: string) => void;

async function runParsed({ request, explain, streams, detached }: RunArguments, tell: Tell): Promise<number> {
  if (detached) return await runDetached({ ...request, terminal: streams?.terminal ?? false }, detached, explain, tell);
  const status = await run(request, streamsFor(streams), explain, tell);
  if (status.oomKilled) reportOom(request.limits?.memory);
  if (status.signal === "SIGSYS") reportFiltered();
  return exitCodeOf(status);
}

async function runDetached(request: NamedRequest, detached: Detached, explain: boolean, tell: Tell): Promise<number> {
  const observer = explain ? await explainOnStderr() : undefined;
  try {
    const id = await startChosen(request, (spec, beforeSpawn) => {
      const life = imageLife(detached, spec.annotations);
      return startDetached(spec, life, detached.remove, { warn, beforeSpawn, ...(observer ? { observer } : {}) });
    });
    tell(id);
    writeAll(1, `${id}\n`);
    return 0;
  } finally {
    observer?.finish();
  }
}

async function run(request: NamedRequest, streams: Streams, explain: boolean, tell: Tell): Promise<ExitStatus> {
  const { terminal, stdio, raw } = streams;
  const observer = explain ? await explainOnStderr() : undefined;
  const shim = await openShim();
  const signals = catchSignals(shim, terminal);
  let restore: (() => void) | undefined;
  try {
    const container = await startChosen({ ...request, terminal }, (spec, report) => {
      const beforeSpawn = () => {
        report();
        // What is typed at the command's first word must find raw mode: an end of input would be lost.
        if (raw) restore ??= takeTerminal(shim);
      };
      return start(spec, { stdio, warn, beforeSpawn, ...(observer ? { observer } : {}) });
    });
    signals.forwardTo(container);
    tell(container.id);
    return await container.exited;
  } finally {
    restore?.();
    signals.stop();
    observer?.finish();
  }
}

/** So often another start may be quicker to take a port that was chosen. */
const CHOICES_MAX = 10;

/** Calls `start` with what was asked for, again with other ports where one that was chosen is in use by then; `report` says which. */
async function startChosen<T>(
  request: NamedRequest,
  start: (spec: ContainerSpec, report: () => void) => Promise<T>,
): Promise<T> {
  const isChosen = choosesPorts(request);
  for (let choices = 1; ; choices += 1) {
    const spec = await prepare(request);
    let isReported = !isChosen;
    const report = () => {
      if (!isReported) reportPorts(spec);
      isReported = true;
    };
    try {
      return await start(spec, report);
    } catch (error) {
      const isTaken = error instanceof Failure && error.code === "port-in-use";
      if (!isChosen || !isTaken || choices === CHOICES_MAX) throw error;
    }
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
