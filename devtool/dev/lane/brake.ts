import type { Project } from "../../config/project.ts";
import { Failure } from "../../failure.ts";
import { shownName, toBytes } from "../../paths/bytes.ts";
import { vanishedIn } from "./vanished.ts";

const FILES_MIN = 20;
const SHARE_MAX = 0.5;
const FOLDERS_MAX = 5;

/**
 * Refuses a full sync that would delete more than half of the files that were sent before, as one of a project whose
 * disk is not mounted would. `sent` and those of them that are excluded now: as in a SyncReport. What devtool made itself does not
 * count: packages that are bundled no longer go by the hundred. @throws Failure
 */
export function refuseLargeDeletion(
  project: Pick<Project, "root" | "bundle">,
  sent: Iterable<string>,
  withdrawn: readonly string[],
): void {
  const made = project.bundle && `${toBytes(project.bundle.outdir)}/`;
  const files = [...sent].filter((path) => !path.endsWith("/") && !(made && path.startsWith(made)));
  const excluded = new Set(withdrawn);
  const vanished = vanishedIn(project);
  const deleted = files.filter((path) => excluded.has(path) || vanished(path));
  if (deleted.length <= FILES_MIN || deleted.length <= files.length * SHARE_MAX) return;
  throw new Failure(
    `this sync would delete ${deleted.length} of the ${files.length} files that were sent before: ${foldersOf(deleted)}`,
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
