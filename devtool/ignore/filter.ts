import { type IncludeStep, includeSteps, type Verdict } from "./include.ts";
import { compilePattern, type PathMatcher } from "./match.ts";
import { type Pattern, parsePattern } from "./pattern.ts";

/** Which of the project's files are in the mirror; the rest of the mirror is never touched. */
export interface Filter {
  /** Whether a path (relative, posix) belongs in the mirror. A directory does too if something below it may. */
  includes(path: string, isDirectory: boolean): boolean;
  /** Whether a path, be it a file or a directory, belongs in the mirror itself, not only because of what may be below it. */
  isSelected(path: string): boolean;
  /** Whether nothing below a directory can be in the mirror, so that it need not be read. */
  prunes(directory: string): boolean;
  /** The verdict on a path whose parents are not excluded. `path` has one code unit for each byte. */
  verdict(path: string, isDirectory: boolean): Verdict;
  /** Whether a verdict can be `passage`. */
  readonly hasPassages: boolean;
  /** Its patterns, last line first: the first match decides. */
  readonly excludes: readonly Pattern[];
  readonly selects: readonly IncludeStep[];
}

/** Never in the mirror, at any depth, whatever the patterns say: history and a virtual machine's state. */
export const ALWAYS_EXCLUDED = [".git", ".vagrant"];
/** Not in the mirror unless a pattern names it: npm installed it for this machine's platform. */
const EXCLUDED_UNLESS_NAMED = "node_modules";

/**
 * Both lists are in gitignore syntax, relative to the project. `include` selects (a directory selects what is below
 * it; the last matching line wins; an empty list selects all), `exclude` removes, as a .gitignore does.
 * Throws Failure, exit code 2, for a pattern that is not supported.
 */
export function createFilter(patterns: {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
}): Filter {
  const include = patterns.include ?? [];
  const exclude = [...(patterns.exclude ?? [])];
  if (![...include, ...exclude].some((line) => line.includes(EXCLUDED_UNLESS_NAMED))) {
    exclude.unshift(EXCLUDED_UNLESS_NAMED);
  }
  const excludes = parseAll(exclude);
  const selects = parseAll(include).flatMap(includeSteps);
  const verdict = createVerdict(excludes, selects);
  const deepVerdict = (path: string, isDirectory: boolean): Verdict => {
    const bytes = toByteString(path);
    for (let slash = bytes.indexOf("/"); slash > 0; slash = bytes.indexOf("/", slash + 1)) {
      if (verdict(bytes.slice(0, slash), true) === "excluded") return "excluded";
    }
    return verdict(bytes, isDirectory);
  };
  return {
    includes: (path, isDirectory) => isRoot(path) || deepVerdict(path, isDirectory) !== "excluded",
    isSelected: (path) =>
      isRoot(path) || [false, true].some((isDirectory) => deepVerdict(path, isDirectory) === "included"),
    prunes: (directory) => !isRoot(directory) && deepVerdict(directory, true) === "excluded",
    verdict,
    hasPassages: selects.length > 0,
    excludes,
    selects,
  };
}

/** One code unit for each byte of UTF-8: what git, rsync and Linux compare. */
function toByteString(text: string): string {
  const normal = process.platform === "darwin" ? text.normalize("NFC") : text;
  return Buffer.from(normal).toString("latin1");
}

function isRoot(path: string): boolean {
  return path === "" || path === ".";
}

/** The last line first: the first match decides. */
function parseAll(lines: readonly string[]): Pattern[] {
  return lines
    .map((line) => parsePattern(toByteString(line)))
    .filter((pattern) => pattern !== undefined)
    .reverse();
}

function createVerdict(excludes: readonly Pattern[], selects: readonly IncludeStep[]): Filter["verdict"] {
  const excluders = excludes.map((pattern) => ({ negated: pattern.negated, matches: compilePattern(pattern) }));
  const includers = selects.map((step) => ({ ...step, matches: compilePattern(step.pattern) }));
  const isExcluded = (path: string, name: string, isDirectory: boolean) => {
    if (ALWAYS_EXCLUDED.includes(name)) return true;
    const match = firstMatch(excluders, path, name, isDirectory);
    return match !== undefined && !match.negated;
  };

  return (path, isDirectory) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (isExcluded(path, name, isDirectory)) return "excluded";
    if (selects.length === 0) return "included";
    let isPassage = false;
    for (const { verdict, matches } of includers) {
      if (!matches(path, name, isDirectory)) continue;
      if (verdict === "included") return "included";
      if (verdict === "excluded") break;
      isPassage = true;
    }
    return isPassage ? "passage" : "excluded";
  };
}

function firstMatch<T extends { matches: PathMatcher }>(
  matchers: readonly T[],
  path: string,
  name: string,
  isDirectory: boolean,
): T | undefined {
  return matchers.find(({ matches }) => matches(path, name, isDirectory));
}
