import { connectToWatch } from "../control/socket.ts";
import { Failure } from "../failure.ts";
import { endpointText } from "../ports/endpoint.ts";
import type { Mapping } from "../ports/mapping.ts";
import { reportFailure, reportOf } from "../report/origin.ts";
import { type Forwards, openForwards, openReverse } from "../run/forward.ts";
import type { ExitStatus } from "../targets/target.ts";
import type { ChangeSet } from "../watch/watch.ts";
import { type Connected, connect, createLane, type Lane } from "./lane/lane.ts";
import { refuseLoops } from "./loopback.ts";
import { bundleStage, type Extent, type Round, type Run, runInLane, updateLane } from "./round.ts";
import type { Session } from "./session.ts";
import { openWorkspace, type Workspace } from "./workspace/workspace.ts";

const EVERYTHING: ChangeSet = { paths: null, since: 0 };

/** What came of a round in one lane: of its command, or why it did not come to it. */
export type Outcome = { readonly target: string; readonly milliseconds: number } & (
  | { readonly status: ExitStatus }
  | { readonly failure: Failure }
);

/** Runs one round without a command. @throws Failure of the first lane that fails, once all have ended and the others are reported */
export async function buildOnce(session: Session, extent: Extent): Promise<void> {
  const startedAt = performance.now();
  const finished = () => ({ event: "finished", milliseconds: performance.now() - startedAt }) as const;
  const ports = { forward: [], reverse: [] };
  await oneRound({ ...session, ports }, async (workspace, lanes, round) => {
    const bundle = await bundleStage(workspace, lanes, { ...round, changes: EVERYTHING });
    const updates = await Promise.allSettled(lanes.map((lane) => updateLane(workspace, lane, bundle, round, extent)));
    const [first, ...others] = updates.flatMap((update) => (update.status === "rejected" ? [update.reason] : []));
    const done = lanes.filter((_, index) => first !== undefined && updates[index]?.status === "fulfilled");
    for (const { target } of done) reportOf(session.report, { target })(finished());
    for (const other of others) if (other instanceof Failure) reportFailure(other, session.report);
    if (first !== undefined) throw first;
  });
  session.report(finished());
}

/**
 * Runs one round, until its command has ended in each lane. Of several, one that fails is reported and does not stop the
 * others. @throws Failure where there is one lane, or where all of them have no bundle
 */
export async function runOnce(session: Session, runIn: (target: string) => Run): Promise<readonly Outcome[]> {
  return await oneRound(session, async (workspace, lanes, round) => {
    const bundle = await bundleStage(workspace, lanes, { ...round, changes: EVERYTHING });
    return await Promise.all(
      lanes.map(async (lane) => {
        const outcome = { target: lane.target, milliseconds: 0 };
        try {
          const status = await runInLane(workspace, lane, bundle, round, runIn(lane.target));
          return { ...outcome, status, milliseconds: performance.now() - round.startedAt };
        } catch (failure) {
          if (lanes.length === 1 || !(failure instanceof Failure)) throw failure;
          reportFailure(failure, round.report);
          return { ...outcome, failure, milliseconds: performance.now() - round.startedAt };
        }
      }),
    );
  });
}

/** The connections are opened while the project is bundled. */
async function oneRound<T>(
  session: Session,
  work: (workspace: Workspace, lanes: readonly Lane[], round: Round) => Promise<T>,
): Promise<T> {
  const { project, targets, report, mayDelete, interrupts } = session;
  const { signal } = interrupts;
  const opening: Promise<Connected>[] = [];
  const forwards = await forwardToFirst(session, opening);
  const finished = new AbortController();
  for (const target of targets)
    opening.push(connect(target, project, report, AbortSignal.any([signal, finished.signal])));
  for (const connected of opening) connected.catch(() => {}); // thrown when a lane needs it: errors in the bundle are reported first
  const lanes = targets.map(({ name }, index) =>
    createLane(name, { current: async () => await (opening[index] as Promise<Connected>), drop: () => {} }),
  );
  const round = { report, signal, end: signal, startedAt: performance.now(), mayDelete, isRepeated: false };
  let workspace: Workspace | undefined;
  try {
    workspace = await openWorkspace(project);
    for (const text of workspace.files.problems) report({ event: "notice", text });
    await refuseLoopsOfFirst(session, opening);
    await reverseOfFirst(session, opening);
    return await work(workspace, lanes, round);
  } finally {
    forwards.close();
    finished.abort();
    await workspace?.bundler?.dispose();
    const connections = await Promise.all(opening.map((connected) => connected.catch(() => undefined)));
    await Promise.all(connections.map((connected) => connected?.connection.close()));
  }
}

/** A session with ports has one target. `opening`: filled once its connection is being opened. */
async function forwardToFirst(session: Session, opening: readonly Promise<Connected>[]): Promise<Forwards> {
  const { ports, targets, report } = session;
  const current = async () => (await (opening[0] as Promise<Connected>)).connection;
  const own = reportOf(report, { target: targets[0].name });
  return await openForwards(ports.forward, current, own, (mapping) => isLeftToWatch(mapping, session));
}

/** Those of the configuration are forwarded by a watch of the project already. */
async function isLeftToWatch(mapping: Mapping, { project, report }: Session): Promise<boolean> {
  if (!project.ports.forward.includes(mapping)) return false;
  const watch = await connectToWatch(project.root);
  watch?.destroy();
  const where = endpointText(mapping.listen);
  if (watch)
    report({ event: "notice", text: `${where} is left to the devtool watch of this project, which forwards it` });
  return watch !== undefined;
}

async function refuseLoopsOfFirst(
  { ports, targets, interrupts }: Session,
  [opening]: readonly Promise<Connected>[],
): Promise<void> {
  if (ports.forward.length + ports.reverse.length === 0 || !opening) return;
  const { connection, facts } = await opening;
  await refuseLoops(ports, { connection, boot: facts.boot }, targets[0].name, interrupts.signal);
}

async function reverseOfFirst(
  { ports, targets, report }: Session,
  [opening]: readonly Promise<Connected>[],
): Promise<void> {
  if (ports.reverse.length === 0 || !opening) return;
  await openReverse(ports.reverse, (await opening).connection, reportOf(report, { target: targets[0].name }));
}
