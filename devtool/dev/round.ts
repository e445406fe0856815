import { BuildFailure, build } from "../build/build.ts";
import type { BuildStep } from "../build/step.ts";
import type { Bundle } from "../bundle/bundle.ts";
import { BundleFailure } from "../bundle/bundle-failure.ts";
import { toBytes } from "../paths/bytes.ts";
import type { Interrupts } from "../process/interrupts.ts";
import type { LostAhead } from "../protocol/messages.ts";
import type { Diagnostic } from "../report/diagnostic.ts";
import type { Report } from "../report/events.ts";
import { type Launched, type LaunchRequest, launch, prepareNext } from "../run/launch.ts";
import { type Stdio, streamed, terminalOf } from "../run/stream.ts";
import type { ExitStatus, RemoteProcess } from "../targets/target.ts";
import type { ChangeSet } from "../watch/watch.ts";
import { addUnsent, buildMemory, inLane, isSent, type Lane, type OpenLane, startAhead } from "./lane/lane.ts";
import { takeTurn } from "./lane/turn.ts";
import { shipStage } from "./packages/ship.ts";
import { preview } from "./preview.ts";
import { syncStage } from "./sync-stage.ts";
import { unsentReads } from "./workspace/unsent-reads.ts";
import type { Workspace } from "./workspace/workspace.ts";

/** What follows a save: bundle, once for all lanes; then addons → sync → build → run, in each lane. */
export interface Round {
  readonly report: Report;
  /** Aborted by a newer save, at any stage: the round is abandoned. */
  readonly signal: AbortSignal;
  /** Aborted when devtool is to end. */
  readonly end: AbortSignal;
  /** As a time of performance.now(). */
  readonly startedAt: number;
  /** Whether a sync may delete most of what was sent before. */
  readonly mayDelete: boolean;
  /** The command of an older round runs on: this one starts none. */
  readonly runsOn?: boolean;
  /** Whether another round is expected to run the same command. */
  readonly isRepeated: boolean;
  /** Called once the command runs. */
  readonly onStarted?: () => void;
}

/** Of a round, what is done once for all lanes. */
export interface Preparation extends Pick<Round, "report" | "signal"> {
  readonly changes: ChangeSet;
}

/** The last stage of a round that runs no command. */
export type Extent = "preview" | "sync" | "build";

export interface StartRequest {
  readonly argv: readonly string[];
  /** Its variables; files among their sources are read anew. @throws Failure */
  readonly environment: (signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;
  /** The terminal that it gets, if it gets one. */
  readonly terminal: LaunchRequest["terminal"];
}

export interface Run extends Omit<StartRequest, "terminal"> {
  readonly stdio: Stdio;
  readonly interrupts: Interrupts;
}

/** Returns the bundle on disk; builds it first unless only inputs of build steps changed. @throws BundleFailure */
export async function bundleStage(
  workspace: Workspace,
  lanes: readonly Lane[],
  { changes: { paths }, report, signal }: Preparation,
): Promise<Bundle | undefined> {
  const { bundler, relevance } = workspace;
  const addChanged = (changed: readonly string[] | null) => {
    const sent = changed === null ? null : changed.filter((path) => relevance.isSent(path));
    for (const lane of lanes) addUnsent(lane, sent);
  };
  addChanged(paths);
  if (!bundler || (workspace.bundle && paths?.every((path) => relevance.isBuildInput(path)))) return workspace.bundle;
  report({ event: "stage", stage: "bundle" });
  workspace.bundle = undefined;
  for (const lane of lanes) startAhead(lane).catch(() => {});
  try {
    const bundle = await bundler.build(signal);
    workspace.bundle = bundle;
    addChanged(bundle.changed.map(toBytes));
    const warnings = [...bundle.warnings, ...unsentReads(workspace.project.root, bundle.reads, workspace.files)];
    for (const warning of warnings) report({ event: "diagnostic", ...warning });
    const { files, bytes, milliseconds } = bundle;
    report({ event: "bundled", files, bytes, milliseconds });
    return bundle;
  } catch (error) {
    if (error instanceof BundleFailure)
      for (const found of error.diagnostics) report({ event: "diagnostic", ...found });
    throw error;
  }
}

/** Updates a lane's mirror and builds in it. @throws Failure */
export async function updateLane(
  workspace: Workspace,
  lane: Lane,
  bundle: Bundle | undefined,
  round: Round,
  extent: Extent,
): Promise<void> {
  await inLane(lane, round, (open) => update(workspace, open, bundle, round, extent));
}

/**
 * Does the same while the command of an older round runs on, and reads what `run` is started with. Returns undefined where
 * that command is in the way of a build. @throws Failure
 */
export async function readyBesideCommand(
  workspace: Workspace,
  lane: Lane,
  bundle: Bundle | undefined,
  round: Round,
  run: Run,
): Promise<Run | undefined> {
  const { report, signal } = round;
  const work = async (open: OpenLane) => {
    await update(workspace, open, bundle, round, "build");
    return await run.environment(signal);
  };
  try {
    const environment = await inLane(lane, round, work, Promise.resolve());
    signal.throwIfAborted();
    return { ...run, environment: () => Promise.resolve(environment) };
  } catch (error) {
    if (!(error instanceof BuildFailure && error.isInUse)) throw error;
    const text = "the program's own file can't be replaced while it runs: it is ended first";
    report({ event: "notice", text }, { target: lane.target });
    return undefined;
  }
}

/** Does the same as updateLane() while the command of an older round, which has started, runs on. @throws Failure */
export async function updateBesideCommand(
  workspace: Workspace,
  lane: Lane,
  bundle: Bundle | undefined,
  round: Round,
): Promise<void> {
  await inLane(lane, round, (open) => update(workspace, open, bundle, round, "build"), Promise.resolve());
  const finished = { event: "finished", milliseconds: performance.now() - round.startedAt } as const;
  round.report(finished, { target: lane.target });
}

/** Does the same where anything has changed, then starts another command beside it. @throws Failure */
export async function startBeside(
  workspace: Workspace,
  lane: Lane,
  bundle: Bundle | undefined,
  round: Round,
  wanted: StartRequest,
): Promise<RemoteProcess | undefined> {
  const work = async (open: OpenLane) => {
    // It would have the terminal of this process.
    if (wanted.terminal && open.connection.execOnTerminal) return undefined;
    await update(workspace, open, bundle, round, "build", isSent);
    const { launched } = await launchStage(workspace, open, wanted, round);
    return launched.kind === "process" ? launched.process : undefined;
  };
  return await inLane(lane, round, work, Promise.resolve());
}

/** Does the same, unless it is done already, then runs a command there until it ends. @throws Failure */
export async function runInLane(
  workspace: Workspace,
  lane: Lane,
  bundle: Bundle | undefined,
  round: Round,
  run: Run,
  isUpdated = false,
): Promise<ExitStatus> {
  return await inLane(lane, round, async (open) => {
    if (!isUpdated) await update(workspace, open, bundle, round, "build");
    return await runStage(workspace, open, run, round);
  });
}

async function update(
  workspace: Workspace,
  open: OpenLane,
  bundle: Bundle | undefined,
  round: Round,
  extent: Extent,
  isDone: (lane: Lane) => boolean = () => false,
): Promise<void> {
  const { report } = open;
  const onWait = () => report({ event: "notice", text: "waiting for another devtool that updates this mirror" });
  const endTurn = await takeTurn(open, onWait, round.signal);
  try {
    await shipStage(workspace, open, bundle, round.signal, extent === "preview");
    if (extent === "preview") return await preview(workspace, open, round);
    if (!isDone(open.lane)) await syncStage(workspace, open, round);
    if (extent === "build") for (const group of workspace.steps) await buildGroup(group, workspace, open, round);
  } finally {
    endTurn();
  }
}

/** Side by side. Each ends before the first failure is thrown. */
async function buildGroup(
  group: readonly BuildStep[],
  workspace: Workspace,
  open: OpenLane,
  round: Round,
): Promise<void> {
  const results = await Promise.allSettled(group.map((step) => buildStage(step, workspace, open, round)));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

async function buildStage(
  step: BuildStep,
  { project }: Workspace,
  { lane, connection, facts, mirror, report }: OpenLane,
  { signal, end }: Round,
): Promise<void> {
  const memory = buildMemory(lane, step);
  if (memory.stamp && !memory.isStale) {
    report({ event: "compiled", step: step.name, compiled: false, milliseconds: 0 });
    return;
  }
  report({ event: "stage", stage: "compile" });
  const place = { target: lane.target, connection, facts, root: project.root, mirror };
  const onLine = (text: string, found: Diagnostic | undefined) =>
    report(found ? { event: "diagnostic", ...found } : { event: "log", text });
  const { built, milliseconds } = await build(step, place, memory, onLine, step.runsToEnd ? end : signal);
  report({ event: "compiled", step: step.name, compiled: built, milliseconds });
}

async function launchStage(
  { project }: Workspace,
  { lane, connection, facts, mirror, sudo, runsAs, report }: OpenLane,
  { argv, environment, terminal }: StartRequest,
  { signal, startedAt }: Round,
): Promise<{ readonly launched: Launched; readonly request: LaunchRequest }> {
  report({ event: "stage", stage: "launch" });
  const env = await environment(signal);
  const asRoot = sudo ?? project.asRoot;
  const request = { argv, cwd: mirror, env, asRoot, terminal };
  const notRoot = asRoot && facts.uid !== 0 && runsAs === facts.user ? [notRootThere(runsAs)] : [];
  const launched = await launch(connection, request, signal);
  const lost = launched.kind === "process" ? launched.process.lost : undefined;
  for (const text of lane.news.of([...notRoot, ...(lost ? [LOST[lost]] : [])], [])) report({ event: "notice", text });
  report({ event: "started", argv, milliseconds: performance.now() - startedAt });
  return { launched, request };
}

function notRootThere(user: string): string {
  return `the program is to run as root, and sudo does not let ${user} without a password: it runs as ${user}; "sudo": false in the target's settings says that it is to`;
}

const ANOTHER = 'so another was started; with "warm": false in the configuration none is started ahead';
const LOST: Readonly<Record<LostAhead, string>> = {
  ended: `the Node.js that was started ahead for this save had ended, ${ANOTHER}`,
  silent: `the Node.js that was started ahead for this save did not answer within 5 s, ${ANOTHER}`,
};

async function runStage(workspace: Workspace, open: OpenLane, run: Run, round: Round): Promise<ExitStatus> {
  const { project } = workspace;
  const { connection, report } = open;
  const { signal, startedAt } = round;
  const { launched, request } = await launchStage(workspace, open, { ...run, terminal: terminalOf(run.stdio) }, round);
  round.onStarted?.();
  if (round.isRepeated && project.warm && !project.isInspected) prepareNext(connection, request, launched, signal);
  return await streamed(launched, run, report, { signal, startedAt });
}
