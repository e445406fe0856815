import { type Dirent, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Read } from "../../bundle/reads.ts";
import type { Filter } from "../../ignore/filter.ts";
import { fromSystem, joinPath, toBytes } from "../../paths/bytes.ts";
import type { Diagnostic } from "../../report/diagnostic.ts";
import type { ProjectFiles } from "./workspace.ts";

/** What the sources read and will not find on the target, though git does not keep it here, or keeps the source here too, as generated code. */
export function unsentReads(
  root: string,
  reads: readonly Read[],
  { filter, unignored }: Pick<ProjectFiles, "filter" | "unignored">,
): Diagnostic[] {
  const isKept = ({ file, path, isFolder }: Read) =>
    !unignored.includes(toBytes(path), isFolder) && unignored.includes(toBytes(file), false);
  const unsent = reads.filter((read) => !(isKept(read) || isSent(root, read, filter)));
  return unsent.map((read) => {
    const { file, line, column, path, isFolder } = read;
    const text = hasTypeScript(root, read)
      ? `the modules of ${path} are in no bundle: import them by name, or run the project without bundle in devtool's configuration`
      : `${path} is not sent: add "${patternOf(path, isFolder)}" to sync.include in devtool's configuration`;
    return { file, line, column, severity: "warning", text };
  });
}

/** Whether it is a folder of modules, which a program loads by their names in it. */
function hasTypeScript(root: string, { path, isFolder }: Read): boolean {
  return isFolder && entriesOf(join(root, path)).some(({ name }) => /(?<!\.d)\.[cm]?tsx?$/.test(name));
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
