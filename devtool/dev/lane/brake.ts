import type { Project } from "../../config/project.ts";
import { Failure } from "../../failure.ts";
import type { Filter } from "../../ignore/filter.ts";
import { shownName, toBytes } from "../../paths/bytes.ts";
import { listProject } from "../../sync/send/walk.ts";
import { isDirectory } from "../../sync/wire/entry.ts";
import { vanishedIn } from "./vanished.ts";

const FILES_MIN = 20;
const SHARE_MAX = 0.5;
const FOLDERS_MAX = 5;

interface Now extends Pick<Project, "root" | "bundle"> {
  readonly filter: Filter;
}

/**
 * Refuses a full sync that would delete more than half of the files that were sent before, as one of a project whose
 * disk is not mounted would; not where others are in their place, as after a folder was renamed. `sent` and those of them that are
 * excluded now: as in a SyncReport. What devtool made itself does not count: packages that are bundled no longer go by the
 * hundred. @throws Failure
 */
export async function refuseLargeDeletion(
  { root, bundle, filter }: Now,
  sent: Iterable<string>,
  withdrawn: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const made = bundle && `${toBytes(bundle.outdir)}/`;
  const isOwn = (path: string) => !path.endsWith("/") && !(made && path.startsWith(made));
  const files = new Set([...sent].filter(isOwn));
  const excluded = new Set(withdrawn);
  const vanished = vanishedIn({ root });
  const deleted = [...files].filter((path) => excluded.has(path) || vanished(path));
  const isLarge = (count: number) => count > FILES_MIN && count > files.size * SHARE_MAX;
  if (!isLarge(deleted.length)) return;
  const { entries } = await listProject({ root, filter }, undefined, signal);
  const fresh = entries.filter((entry) => !isDirectory(entry) && isOwn(entry.name) && !files.has(entry.name));
  if (!isLarge(deleted.length - fresh.length)) return;
  throw new Failure(
    `this sync would delete ${deleted.length} of the ${files.size} files that were sent before: ${foldersOf(deleted)}`,
    {
      code: "deletion-refused",
      remedy: "check that the project and what git ignores are as they should be; --force deletes them",
      exitCode: 2,
    },
  );
}

/** How many are in each folder of the project, most first. */
function foldersOf(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const at = path.indexOf("/");
    const folder = at < 0 ? "the project's own folder" : `${shownName(path.slice(0, at))}/`;
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, FOLDERS_MAX).map(([folder, count]) => `${count} in ${folder}`);
  const rest = sorted.length - shown.length;
  return `${shown.join(", ")}${rest > 0 ? ` and others in ${rest} more` : ""}`;
}
