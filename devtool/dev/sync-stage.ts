import type { SyncProgress } from "../sync/request.ts";
import { refuseLargeDeletion } from "./lane/brake.ts";
import { madeThere, withdrawalNotice } from "./lane/deletions.ts";
import { addUnsent, buildMemory, forgetMirror, type Lane, type OpenLane, sentFiles } from "./lane/lane.ts";
import { syncAsOwner } from "./lane/owner.ts";
import type { SentFiles } from "./lane/sent.ts";
import { stillThere } from "./lane/withdrawn.ts";
import { tooNewThere } from "./packages/own-addons.ts";
import { besideBundle } from "./workspace/beside-bundle.ts";
import type { Workspace } from "./workspace/workspace.ts";

interface Sync {
  readonly signal: AbortSignal;
  /** Whether it may delete most of what was sent before. */
  readonly mayDelete: boolean;
}

/** Sends what has changed to the mirror, and deletes there what is gone. @throws Failure */
export async function syncStage(workspace: Workspace, open: OpenLane, request: Sync): Promise<void> {
  const { project, files, executable, steps } = workspace;
  const { signal, mayDelete } = request;
  const { lane, mirror, rsync, report } = open;
  report({ event: "stage", stage: "sync" });
  // A newer round may add paths while this one is sending.
  const { unsent, ahead } = lane;
  lane.unsent = new Set();
  lane.ahead = undefined;
  const changed = unsent === "everything" ? undefined : [...unsent];
  const restore = (error: unknown) => {
    addUnsent(lane, changed ?? null);
    throw error;
  };
  const sent = await sentFiles(open);
  const { paths: before } = sent;
  const excluded = changed === undefined ? sent.withdrawn(files) : [];
  const withdrawn = await stillThere(open, excluded, signal).catch(restore);
  const elsewhere = besideBundle(project, open.facts);
  if (changed === undefined && !mayDelete) await brake(workspace, lane, sent, withdrawn, signal);
  const onProgress = (progress: SyncProgress) => report({ event: "progress", stage: "sync", ...progress });
  const { filter } = files;
  const mayBeNew = changed === undefined && before.size === 0;
  const here = { root: project.root, elsewhere };
  const gone = sent.gone(here, filter, changed);
  const what = { ...here, filter, withdrawn, gone, changed, executable };
  const onSent = (paths: readonly string[]) => sent.addUnfinished(paths);
  const wanted = { ...what, mirror, rsync, mayBeNew, onProgress, onSent };
  const synced = await syncAsOwner(open, wanted, signal, ahead).catch(restore);
  if (changed !== undefined && sent.isLost(synced.madePaths)) return await syncAnew(workspace, open, request);
  if (changed === undefined) await sent.replace(files.digest, synced.paths);
  else await sent.update(changed, synced.paths, synced.deletedPaths);
  for (const step of steps.flat())
    if (changed === undefined || changed.some((path) => step.inputs.isSelected(path)))
      buildMemory(lane, step).isStale = true;
  const { deleted, bytesSent, bytesTotal, milliseconds } = synced;
  if (withdrawn.length > 0) report({ event: "notice", text: withdrawalNotice(withdrawn) });
  const made = steps.length > 0 && changed === undefined ? madeThere(synced.deletedPaths, before) : [];
  const tooNew = await tooNewThere(project.root, synced.paths, open.facts);
  const notices = [...synced.notices, ...made, ...tooNew, ...sent.notices];
  for (const text of lane.news.of(notices, changed)) report({ event: "notice", text });
  report({ event: "synced", mirror, files: synced.files, deleted, bytesSent, bytesTotal, milliseconds });
}

async function syncAnew(workspace: Workspace, open: OpenLane, request: Sync): Promise<void> {
  const text = "something was removed from the mirror, so all that is missing there is sent again";
  open.report({ event: "notice", text });
  addUnsent(open.lane, null);
  open.lane.builds.clear();
  await syncStage(workspace, open, request);
}

async function brake(
  { project, files: { filter } }: Workspace,
  lane: Lane,
  { paths }: SentFiles,
  withdrawn: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  try {
    await refuseLargeDeletion({ ...project, filter }, paths, withdrawn, signal);
  } catch (error) {
    forgetMirror(lane);
    throw error;
  }
}
