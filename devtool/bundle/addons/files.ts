import { type Dirent, readdirSync, type Stats } from "node:fs";
import { join, posix } from "node:path";
import type { Filter } from "../../ignore/filter.ts";
import { filterOf } from "../../ignore/filter.ts";
import { readRules } from "../../ignore/read.ts";
import { toBytes } from "../../paths/bytes.ts";
import { realPathOf, statsAt } from "../../paths/stats.ts";
import { isInstalled, type Manifest, readManifest } from "./package.ts";

export interface PackageFile {
  /** Below the package's folder, posix. */
  readonly path: string;
  /** An absolute path on this machine. */
  readonly source: string;
  /** Another text once the file was written or replaced. */
  readonly identity: string;
}

/** Which files of a package are its own, by path and whether it is a folder. */
export type Includes = Filter["includes"];

/** Of an installed package: everything but what is another one's. */
export const ofInstalled: Includes = (path) => !/(^|\/)(node_modules|\.git)$/.test(path);

/** What decides for each package's directory; git is asked once. */
export function createIncludes(): (directory: string) => Promise<Includes> {
  const linked = new Map<string, Promise<Includes>>();
  return async (directory) => {
    if (isInstalled(directory)) return ofInstalled;
    const includes = linked.get(directory) ?? ofLinked(directory);
    linked.set(directory, includes);
    return await includes;
  };
}

/**
 * Of a package that is developed in a workspace or linked: what git does not ignore, and what its manifest names, which is
 * often built and ignored.
 */
async function ofLinked(directory: string): Promise<Includes> {
  const exclude = namedBy(readManifest(directory)).flatMap((path) => [`!/${path}`, `!/${path}/**`]);
  const { rules } = await readRules(directory, { exclude });
  return filterOf(rules, []).includes;
}

/** The files and folders that hold what the package's manifest names. */
function namedBy({ files = [], main, module, bin, exports }: Manifest): string[] {
  const loaded = [main, module, ...stringsIn(bin), ...stringsIn(exports)].filter((path) => path !== undefined);
  const folders = loaded.map((path) => posix.normalize(path)).map((path) => parentOf(path) ?? path);
  const named = files.filter((path) => !path.startsWith("!")).map((path) => posix.normalize(path));
  const all = [...folders, ...named].map((path) => path.replace(/^\/|(\/\*\*?)?\/?$/g, ""));
  return [...new Set(all)].filter((path) => path !== "" && path !== "." && !path.startsWith(".."));
}

function parentOf(path: string): string | undefined {
  const at = path.indexOf("/");
  return at <= 0 ? undefined : path.slice(0, at);
}

/** The texts in a value of JSON. */
export function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** The files of a package, sorted; a link counts as what it leads to. */
export function packageFiles(directory: string, includes: Includes): PackageFile[] {
  const files: PackageFile[] = [];
  const visit = (folder: string, open: readonly string[]) => {
    for (const entry of entriesOf(join(directory, folder))) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      const source = join(directory, path);
      const stats = entry.isDirectory() ? undefined : statsAt(source);
      const isFolder = stats?.isDirectory() ?? entry.isDirectory();
      if (!includes(toBytes(path), isFolder)) continue;
      if (stats?.isFile()) files.push({ path, source, identity: identityOf(stats) });
      if (!isFolder) continue;
      const real = (stats && realPathOf(source)) ?? source;
      if (!open.includes(real)) visit(path, [...open, real]);
    }
  };
  visit("", [directory]);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** None of a folder that is gone: what packages are made of changes while some are being installed. */
export function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

export function identityOf({ ino, size, mtimeMs, ctimeMs, mode }: Stats): string {
  return [ino, size, mtimeMs, ctimeMs, mode & 0o111].join();
}
