import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withAncestors } from "../../paths/ancestors.ts";
import { withoutMark } from "../../process/byte-order-mark.ts";

/** What finds the versions of a package in a lock file. */
const LOCK_FILES: Readonly<Record<string, (text: string, name: string) => string[]>> = {
  "package-lock.json": ofNpm,
  "npm-shrinkwrap.json": ofNpm,
  "pnpm-lock.yaml": (text, name) => matches(text, new RegExp(`^ {2}['"]?/?${escaped(name)}@(\\d[^('":]*)`, "gm")),
  "yarn.lock": (text, name) =>
    matches(text, new RegExp(`^"?${escaped(name)}@[^\\n]*:\\n\\s+version:? "?(\\d[^"\\n]*)`, "gm")),
};

/**
 * What to ask the registry for: the version that the lock file above `from` has, where the range allows several and the lock
 * file has one.
 */
export function lockedSpec(name: string, range: string, from: string): string {
  if (/^\d+\.\d+\.\d+/.test(range)) return range;
  const versions = lockedVersions(name, from);
  return versions.length === 1 && !range.includes(":") ? (versions[0] ?? range) : range;
}

function lockedVersions(name: string, from: string): string[] {
  for (const folder of withAncestors(from))
    for (const [file, read] of Object.entries(LOCK_FILES)) {
      const path = join(folder, file);
      if (existsSync(path)) return [...new Set(read(readFileSync(path, "utf8"), name))];
    }
  return [];
}

function ofNpm(text: string, name: string): string[] {
  const { packages } = parsed(text);
  const entries = Object.entries(packages ?? {}).filter(([path]) => path.endsWith(`node_modules/${name}`));
  return entries.map(([, { version }]) => version).filter((version) => version !== undefined);
}

export interface NpmLock {
  /** By path. */
  readonly packages?: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly version?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

/** What is not valid JSON counts as empty. */
export function parsed(text: string): NpmLock {
  try {
    return JSON.parse(withoutMark(text)) as NpmLock;
  } catch {
    return {};
  }
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, version = ""]) => version);
}

function escaped(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
