import { nameOf, parentOf } from "../paths/bytes.ts";
import type { Line, Lines } from "./lines.ts";
import { compilePattern, type PathMatcher } from "./match.ts";
import { inFolder, type Pattern } from "./pattern.ts";

/** Never in the mirror, at any depth, whatever the patterns say: history and a virtual machine's state. */
export const ALWAYS_EXCLUDED = [".git", ".vagrant"];

interface Rule {
  readonly line: Line;
  readonly matches: PathMatcher;
}

/**
 * What git ignores, with the configuration's `exclude`: patterns in order of precedence, as git/dir.c:
 * last_matching_pattern_from_lists asks them. Paths are bytes.
 */
export class IgnoreRules {
  readonly ignoreCase: boolean;
  /** The first that matches decides: in each list the last line comes first, and a list added later before the others. */
  readonly #above: Rule[] = [];
  readonly #folders = new Map<string, readonly Rule[]>();
  readonly #below: Rule[] = [];

  constructor(ignoreCase: boolean) {
    this.ignoreCase = ignoreCase;
  }

  /** Lines that decide before those of any .gitignore of the project. */
  addAbove({ lines }: Pick<Lines, "lines">): void {
    this.#above.unshift(...rulesOf(lines));
  }

  /** The lines of the .gitignore of a folder of the project, "" for the project's own: before what was added for it. */
  addFolder(folder: string, { lines }: Pick<Lines, "lines">): void {
    this.#folders.set(folder, [...rulesOf(lines), ...(this.#folders.get(folder) ?? [])]);
  }

  /** Lines that decide after those of any .gitignore of the project. */
  addBelow({ lines }: Pick<Lines, "lines">): void {
    this.#below.unshift(...rulesOf(lines));
  }

  /** The line by which a path is ignored, if its parents are not; undefined if it is not. */
  ignoredBy(path: string, isDirectory: boolean): Line | undefined {
    const line = this.#deciding(path, isDirectory);
    return line === undefined || line.negated ? undefined : line;
  }

  /** All patterns, relative to the project; the first match decides. */
  patterns(): Pattern[] {
    // No path is in two folders of one depth, so these can be in any order.
    const folders = [...this.#folders].sort(([a], [b]) => depth(b) - depth(a));
    return [
      ...this.#above.map(({ line }) => line),
      ...folders.flatMap(([folder, rules]) => rules.map(({ line }) => inFolder(line, folder))),
      ...this.#below.map(({ line }) => line),
    ];
  }

  #deciding(path: string, isDirectory: boolean): Line | undefined {
    const name = nameOf(path);
    const found = first(this.#above, path, name, isDirectory);
    if (found !== undefined) return found;
    for (let folder = path; folder !== ""; ) {
      folder = parentOf(folder);
      const rules = this.#folders.get(folder);
      if (rules === undefined) continue;
      const inner = folder === "" ? path : path.slice(folder.length + 1);
      const nested = first(rules, inner, name, isDirectory);
      if (nested !== undefined) return nested;
    }
    return first(this.#below, path, name, isDirectory);
  }
}

function rulesOf(lines: readonly Line[]): Rule[] {
  return lines.map((line) => ({ line, matches: compilePattern(line) })).reverse();
}

function first(rules: readonly Rule[], path: string, name: string, isDirectory: boolean): Line | undefined {
  return rules.find(({ matches }) => matches(path, name, isDirectory))?.line;
}

/** The project's own folder is above those in it. */
function depth(folder: string): number {
  return folder === "" ? 0 : folder.split("/").length;
}
