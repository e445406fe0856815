import { readFileSync } from "node:fs";
import { join } from "node:path";
import { statsAt } from "../paths/stats.ts";
import { identityOf } from "./addons/files.ts";
import { namedBy, stringsOf } from "./named.ts";
import { pathsOf, placeOf, type Read, readsOf, type WrittenPath } from "./reads.ts";

export interface Found {
  /** The packages that they name: see namedBy(). */
  readonly names: readonly string[];
  readonly reads: readonly Read[];
  /** Where they ask whether they are the program. */
  readonly mains: readonly Pick<Read, "file" | "line" | "column">[];
}

/** What these sources of the project, relative to it, say besides their imports. */
export type FindIn = (sources: readonly string[]) => Found;

interface Version {
  readonly identity: string;
  readonly strings: readonly string[];
  readonly paths: readonly WrittenPath[];
  readonly mains: Found["mains"];
}

/** Each version of a source is read once. */
export function createFindIn(root: string): FindIn {
  const known = new Map<string, Version>();
  const versionOf = (path: string): Version[] => {
    const file = join(root, path);
    const stat = statsAt(file);
    if (!stat?.isFile()) return [];
    const [before, identity] = [known.get(path), identityOf(stat)];
    if (before?.identity === identity) return [before];
    const text = textOf(file);
    const version = { identity, strings: stringsOf(text), paths: pathsOf(text, path), mains: mainsOf(text, path) };
    known.set(path, version);
    return [version];
  };
  return (sources) => {
    const versions = sources.flatMap(versionOf);
    return {
      names: namedBy(
        root,
        versions.flatMap(({ strings }) => strings),
      ),
      reads: readsOf(
        root,
        versions.flatMap(({ paths }) => paths),
      ),
      mains: versions.flatMap(({ mains }) => mains),
    };
  };
}

function mainsOf(text: string, file: string): Found["mains"] {
  const at = text.search(/\brequire\.main\s*[!=]==?\s*module\b|\bmodule\s*[!=]==?\s*require\.main\b/);
  return at < 0 ? [] : [{ file, ...placeOf(text, at) }];
}

/** Empty for what can't be read, or is gone again, which esbuild reports. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
