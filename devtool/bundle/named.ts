import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { withAncestors } from "../paths/ancestors.ts";
import { identityOf } from "./addons/files.ts";
import { packageName, readManifest } from "./addons/package.ts";

/** Of the packages of the project or of its workspace, those that these sources of it name in a string that is no import: paths relative to the project. */
export type FindNamed = (sources: readonly string[]) => string[];

/** Each version of a file is read once. */
export function createFindNamed(root: string): FindNamed {
  const known = new Map<string, { readonly identity: string; readonly names: readonly string[] }>();
  const namesIn = (path: string): readonly string[] => {
    const file = join(root, path);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (!stat?.isFile()) return [];
    const [before, identity] = [known.get(path), identityOf(stat)];
    if (before?.identity === identity) return before.names;
    const names = stringsOf(textOf(file));
    known.set(path, { identity, names });
    return names;
  };
  return (sources) => {
    const manifests = withAncestors(root).map(readManifest);
    const lists = manifests.flatMap((one) => [one.dependencies, one.optionalDependencies, one.devDependencies]);
    const all = new Set(lists.flatMap((list) => Object.keys(list ?? {})));
    return [...new Set(sources.flatMap(namesIn))].filter((name) => all.has(name));
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

/** What may be a package's name, without what is imported: that is bundled, or is a type. */
const STRING =
  /(?<!\b(?:from|import|module)\s*|\b(?:import|require)\s*\(\s*)(["'`])((?:@[\w.-]+\/)?\w[\w.-]*(?:\/[\w./-]+)?)\1/g;

function stringsOf(text: string): string[] {
  return [...new Set([...text.matchAll(STRING)].map(([, , name = ""]) => packageName(name)))];
}
