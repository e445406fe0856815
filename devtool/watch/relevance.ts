import { posix } from "node:path";
import type { Project } from "../config/project.ts";
import type { Filter } from "../ignore/filter.ts";

/** Which of the project's files the loop looks at. Paths are relative to it, posix. */
export interface Scope {
  /** Goes to the target. */
  isSent(path: string): boolean;
  isNative(path: string): boolean;
  /** A change of it calls for a round. */
  matters(path: string): boolean;
  /** Nothing below it can matter. */
  prunes(path: string): boolean;
  /** Takes in what the bundle was made of; gives the folders to watch that no watched one covers. */
  cover(inputs: readonly string[]): string[];
}

const NEVER_WATCHED = new Set([".git", ".vagrant", "node_modules"]);

/** What editors leave beside a file for a moment while they save it. */
const EDITORS_OWN =
  /(^|\/)(\.#[^/]*|#[^/]*#|[^/]*~|\.[^/]*\.sw[a-z]|4913|[^/]*___jb_(tmp|old)___|\.goutputstream-[^/]*)$/;

/** `unignored` is all of the project but what is excluded from the mirror, which holds what git ignores. */
export function createScope(project: Project, filter: Filter, unignored: Filter): Scope {
  const outdir = project.bundle?.outdir;
  const native = project.native?.folder;
  const hasOwnIncludes = project.sync.include.length > [outdir, native].filter((folder) => folder !== undefined).length;
  const watched = [...(native === undefined ? [] : [native])];
  const inputs = new Set<string>();
  let sources: string[] = [];
  let isFirst = true;

  const isNative = (path: string) => native !== undefined && within(native, path);
  const isOutput = (path: string) => outdir !== undefined && within(outdir, path);
  const isSent = (path: string) => filter.includes(path, false) || filter.includes(path, true);
  const isSource = (path: string) =>
    inputs.has(path) ||
    (sources.some((folder) => within(folder, path)) && !EDITORS_OWN.test(path) && unignored.includes(path, false));
  const leadsToSource = (folder: string) =>
    sources.some((source) => within(folder, source) || (within(source, folder) && !unignored.prunes(folder)));
  return {
    isSent,
    isNative,
    matters: (path) => !isOutput(path) && (isSent(path) || (!isNative(path) && isSource(path))),
    prunes: (path) => {
      if (isOutput(path) || NEVER_WATCHED.has(posix.basename(path))) return true;
      return filter.prunes(path) && (isNative(path) || !leadsToSource(path));
    },
    cover: (made) => {
      for (const path of made) inputs.add(path);
      sources = topmost([...sources, ...made.map((path) => posix.dirname(path))]);
      const fresh = sources.filter((folder) => !watched.some((other) => within(other, folder)));
      watched.push(...fresh);
      if (!isFirst) return fresh;
      isFirst = false;
      return [...fresh, ...(native === undefined ? [] : [native]), ...(hasOwnIncludes ? ["."] : [])];
    },
  };
}

function topmost(folders: readonly string[]): string[] {
  const unique = [...new Set(folders)];
  return unique.filter((folder) => !unique.some((other) => other !== folder && within(other, folder)));
}

export function within(folder: string, path: string): boolean {
  return folder === "." ? !path.startsWith("../") : path === folder || path.startsWith(`${folder}/`);
}
