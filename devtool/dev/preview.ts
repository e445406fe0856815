import { toText } from "../paths/bytes.ts";
import { sync } from "../sync/sync.ts";
import { type OpenLane, sentFiles } from "./lane/lane.ts";
import { besideBundle } from "./workspace/beside-bundle.ts";
import type { Workspace } from "./workspace/workspace.ts";

/** Reports what a full sync would send and delete; the mirror and what is known of it stay as they are. */
export async function preview(
  { project, files, executable }: Workspace,
  open: OpenLane,
  signal: AbortSignal,
): Promise<void> {
  const { connection, facts, mirror, rsync, report } = open;
  const withdrawn = (await sentFiles(open)).withdrawn(files);
  const { root } = project;
  const elsewhere = besideBundle(project, facts);
  const request = { root, elsewhere, mirror, rsync, filter: files.filter, withdrawn, executable, isDryRun: true };
  const { deletedPaths, sentPaths, notices } = await sync(connection, request, signal);
  for (const text of notices) report({ event: "notice", text });
  for (const path of sentPaths) report({ event: "difference", change: "send", path: toText(path) });
  for (const path of deletedPaths) report({ event: "difference", change: "delete", path: toText(path) });
}
