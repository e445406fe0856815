import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Read } from "../../bundle/reads.ts";
import type { Filter } from "../../ignore/filter.ts";
import { fromSystem, joinPath, toBytes } from "../../paths/bytes.ts";
import type { Diagnostic } from "../../report/diagnostic.ts";
import type { ProjectFiles } from "./workspace.ts";

/** What the sources read and will not find on the target, though git does not keep it here. */
export function unsentReads(
  root: string,
  reads: readonly Read[],
  { filter, unignored }: Pick<ProjectFiles, "filter" | "unignored">,
): Diagnostic[] {
  const unsent = reads.filter(
    (read) => unignored.includes(toBytes(read.path), read.isFolder) && !isSent(root, read, filter),
  );
  return unsent.map(({ file, line, column, path, isFolder }) => ({
    file,
    line,
    column,
    severity: "warning",
    text: `${path} is not sent: add "${patternOf(path, isFolder)}" to sync.include in devtool's configuration`,
  }));
}

/** Of a folder, whether something in it is. */
function isSent(root: string, { path, isFolder }: Read, filter: Filter): boolean {
  const bytes = toBytes(path);
  if (filter.isSelected(bytes) || !isFolder) return filter.isSelected(bytes);
  return entriesOf(join(root, path)).some((entry) =>
    filter.includes(joinPath(bytes, fromSystem(entry.name)), entry.isDirectory()),
  );
}

function patternOf(path: string, isFolder: boolean): string {
  return `${path.includes("/") ? "" : "/"}${path}${isFolder ? "/" : ""}`;
}

/** None where it can't be read: the sync reports that. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true, encoding: "latin1" } as const);
  } catch {
    return [];
  }
}
