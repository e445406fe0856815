import { reportOf } from "../report/origin.ts";
import { openForwards, openReverse } from "../run/forward.ts";
import type { ExitStatus } from "../targets/target.ts";
import type { ChangeSet } from "../watch/watch.ts";
import { connect, createLane, type Lane } from "./lane.ts";
import { bundleStage, type Extent, type Round, type Run, runInLane, updateLane } from "./round.ts";
import type { Session } from "./session.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

const EVERYTHING: ChangeSet = { paths: null, since: 0 };

/** Runs one round without a command. @throws Failure */
export async function buildOnce(session: Session, extent: Extent): Promise<void> {
  const startedAt = performance.now();
  const ports = { forward: [], reverse: [] };
  await oneRound({ ...session, ports }, async (workspace, lane, round) => {
    const bundle = await bundleStage(workspace, [lane], round);
    await updateLane(workspace, lane, bundle, round, extent);
  });
  session.report({ event: "finished", milliseconds: performance.now() - startedAt });
}

/** Runs one round, until its command has ended. @throws Failure */
export async function runOnce(session: Session, run: Run): Promise<ExitStatus> {
  return await oneRound(session, async (workspace, lane, round) => {
    const bundle = await bundleStage(workspace, [lane], round);
    return await runInLane(workspace, lane, bundle, round, run);
  });
}

/** The connection is opened while the project is bundled. */
async function oneRound<T>(
  { project, target, report, mayDelete, ports, interrupts: { signal } }: Session,
  work: (workspace: Workspace, lane: Lane, round: Round) => Promise<T>,
): Promise<T> {
  const targetReport = reportOf(report, { target: target.name });
  const current = async () => (await connected).connection;
  const forwards = await openForwards(ports.forward, current, targetReport);
  const finished = new AbortController();
  const connected = connect(target, project, report, AbortSignal.any([signal, finished.signal]));
  connected.catch(() => {}); // thrown when a lane needs it: errors in the bundle are reported first
  const lane = createLane(target.name, { current: () => connected, drop: () => {} });
  const round = { changes: EVERYTHING, report, signal, startedAt: performance.now(), mayDelete, isRepeated: false };
  let workspace: Workspace | undefined;
  try {
    workspace = await openWorkspace(project);
    for (const text of workspace.files.problems) report({ event: "notice", text });
    if (ports.reverse.length > 0) await openReverse(ports.reverse, await current(), targetReport);
    return await work(workspace, lane, round);
  } finally {
    forwards.close();
    finished.abort();
    await workspace?.bundler?.dispose();
    await (await connected.catch(() => undefined))?.connection.close();
  }
}
