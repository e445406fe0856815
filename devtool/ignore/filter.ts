import { nameOf, parentOf, toBytes } from "../paths/bytes.ts";
import { type IncludeStep, includeSteps, type Verdict } from "./include.ts";
import { parseLines } from "./lines.ts";
import { compilePattern } from "./match.ts";
import type { Pattern } from "./pattern.ts";
import { ALWAYS_EXCLUDED, IgnoreRules } from "./rules.ts";

/** Which of the project's files are in the mirror; the rest of the mirror is never touched. Paths are bytes. */
export interface Filter {
  /** Whether a path belongs in the mirror. A directory does too if something below it may. */
  includes(path: string, isDirectory: boolean): boolean;
  /** Whether a path, be it a file or a directory, belongs in the mirror itself, not only because of what may be below it. */
  isSelected(path: string): boolean;
  /** Whether nothing below a directory can be in the mirror, so that it need not be read. */
  prunes(directory: string): boolean;
  /** The verdict on a path whose parents are not excluded. */
  verdict(path: string, isDirectory: boolean): Verdict;
  /** Whether a verdict can be `passage`. */
  readonly hasPassages: boolean;
  /** What removes: the first match decides. */
  readonly excludes: readonly Pattern[];
  /** What selects; without any, everything is. */
  readonly selects: readonly IncludeStep[];
}

/** Not in the mirror unless a pattern says so: npm installed it for this machine's platform. */
export const EXCLUDED_UNLESS_NAMED = "node_modules";

export interface Patterns {
  readonly include?: readonly string[] | undefined;
  /** Those of `include` that a person has written, in their order: all without it. */
  readonly written?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
}

/**
 * Both lists are in gitignore syntax, relative to the project. `include` selects (a directory selects what is below
 * it; the last matching line wins; an empty list selects all), `exclude` removes, as a .gitignore does.
 */
export function createFilter({ include = [], exclude = [] }: Patterns): Filter {
  const rules = new IgnoreRules(false);
  addDefaults(rules);
  addExcludes(rules, exclude);
  return filterOf(rules, include);
}

/** What is excluded unless a line says otherwise. */
export function addDefaults(rules: IgnoreRules): void {
  rules.addBelow(parseLines([EXCLUDED_UNLESS_NAMED], () => "devtool's default", rules.ignoreCase));
}

/** The configuration's lines, which decide before all others. */
export function addExcludes(rules: IgnoreRules, exclude: readonly string[]): void {
  rules.addAbove(parseLines(exclude.map(toBytes), (index) => `sync.exclude[${index}]`, rules.ignoreCase));
}

/** What these rules leave of what `include` selects. */
export function filterOf(rules: IgnoreRules, include: readonly string[]): Filter {
  const { lines } = parseLines(include.map(toBytes), (index) => `sync.include[${index}]`, rules.ignoreCase);
  const selects = lines.toReversed().flatMap(includeSteps);
  const verdict = createVerdict(rules, selects);
  const isBelowExcluded = belowExcluded(verdict);
  const deepVerdict = (path: string, isDirectory: boolean): Verdict =>
    isBelowExcluded(path) ? "excluded" : verdict(path, isDirectory);
  return {
    includes: (path, isDirectory) => isRoot(path) || deepVerdict(path, isDirectory) !== "excluded",
    isSelected: (path) =>
      isRoot(path) || [false, true].some((isDirectory) => deepVerdict(path, isDirectory) === "included"),
    prunes: (directory) => !isRoot(directory) && deepVerdict(directory, true) === "excluded",
    verdict,
    hasPassages: selects.length > 0,
    excludes: rules.patterns(),
    selects,
  };
}

/** The files of a folder are often asked for in a row, so what was found is remembered for so many folders. */
const FOLDERS_REMEMBERED = 10_000;

/** Whether one of a path's parents is excluded. */
function belowExcluded(verdict: Filter["verdict"]): (path: string) => boolean {
  const known = new Map<string, boolean>();
  const isBelowExcluded = (path: string): boolean => {
    const parent = parentOf(path);
    if (parent === "") return false;
    let isExcluded = known.get(parent);
    if (isExcluded === undefined) {
      isExcluded = isBelowExcluded(parent) || verdict(parent, true) === "excluded";
      if (known.size === FOLDERS_REMEMBERED) known.clear();
      known.set(parent, isExcluded);
    }
    return isExcluded;
  };
  return isBelowExcluded;
}

function isRoot(path: string): boolean {
  return path === "" || path === ".";
}

function createVerdict(rules: IgnoreRules, selects: readonly IncludeStep[]): Filter["verdict"] {
  const selectors = selects.map((step) => ({ ...step, matches: compilePattern(step.pattern) }));
  return (path, isDirectory) => {
    const name = nameOf(path);
    if (ALWAYS_EXCLUDED.includes(name) || rules.ignoredBy(path, isDirectory) !== undefined) return "excluded";
    if (selectors.length === 0) return "included";
    let isPassage = false;
    for (const { verdict, matches } of selectors) {
      if (!matches(path, name, isDirectory)) continue;
      if (verdict === "included") return "included";
      if (verdict === "excluded") break;
      isPassage = true;
    }
    return isPassage ? "passage" : "excluded";
  };
}
