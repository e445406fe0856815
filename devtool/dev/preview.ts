import { Failure } from "../failure.ts";
import { toText } from "../paths/bytes.ts";
import { sync } from "../sync/sync.ts";
import { refuseLargeDeletion } from "./lane/brake.ts";
import { type OpenLane, sentFiles } from "./lane/lane.ts";
import { besideBundle } from "./workspace/beside-bundle.ts";
import type { Workspace } from "./workspace/workspace.ts";

/**
 * Reports what a full sync would send and delete, and whether it would be refused; the mirror and what is known of it stay as
 * they are.
 */
export async function preview(
  { project, files, executable }: Workspace,
  open: OpenLane,
  { signal, mayDelete }: { readonly signal: AbortSignal; readonly mayDelete: boolean },
): Promise<void> {
  const { connection, facts, mirror, rsync, report } = open;
  const sent = await sentFiles(open);
  const withdrawn = sent.withdrawn(files);
  const { filter } = files;
  const here = { root: project.root, elsewhere: besideBundle(project, facts) };
  const gone = sent.gone(here, filter, undefined);
  const request = { ...here, mirror, rsync, filter, withdrawn, gone, executable, isDryRun: true };
  const { deletedPaths, sentPaths, notices } = await sync(connection, request, signal);
  for (const text of notices) report({ event: "notice", text });
  for (const path of sentPaths) report({ event: "difference", change: "send", path: toText(path) });
  for (const path of deletedPaths) report({ event: "difference", change: "delete", path: toText(path) });
  if (sentPaths.length + deletedPaths.length === 0)
    report({ event: "notice", text: "there is nothing to send or delete" });
  const refusal = mayDelete
    ? undefined
    : await refusalOf(refuseLargeDeletion({ ...project, filter }, sent.paths, withdrawn, signal));
  if (refusal !== undefined) report({ event: "notice", text: `without --force it is refused: ${refusal}` });
}

async function refusalOf(check: Promise<void>): Promise<string | undefined> {
  try {
    await check;
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}
