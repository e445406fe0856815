import { readFileSync } from "node:fs";
import { join } from "node:path";
import { statsAt } from "../paths/stats.ts";
import { identityOf } from "./addons/files.ts";

/** What `of` finds in a file of the project, by its path: each version of a file is read once. Nothing in what is not there. */
export function perVersion<Found>(
  root: string,
  of: (text: string, path: string) => readonly Found[],
): (path: string) => readonly Found[] {
  const known = new Map<string, { readonly identity: string; readonly found: readonly Found[] }>();
  return (path) => {
    const file = join(root, path);
    const stat = statsAt(file);
    if (!stat?.isFile()) return [];
    const [before, identity] = [known.get(path), identityOf(stat)];
    if (before?.identity === identity) return before.found;
    const found = of(textOf(file), path);
    known.set(path, { identity, found });
    return found;
  };
}

/** Empty for what can't be read, or is gone again, which esbuild reports. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
