import { compilePattern, type PathMatcher } from "./match.ts";
import { type Pattern, parsePattern } from "./pattern.ts";
import { rsyncPatterns } from "./rules.ts";

/** What of the project is in the mirror; the rest of the mirror is never touched. */
export interface Filter {
  /** Whether a path (relative, posix) belongs in the mirror. A directory does also where something below it may. */
  includes(path: string, isDirectory: boolean): boolean;
  /** Whether nothing below a directory can be in the mirror, so that nobody need look into it. */
  prunes(directory: string): boolean;
  /** The verdict on a path whose parents are not excluded. `path` has one code unit for each byte. */
  verdict(path: string, isDirectory: boolean): Verdict;
  /** Whether there can be passages. */
  readonly hasPassages: boolean;
  /** The same for rsync's receiver, which deletes nothing that these exclude; one code unit for each byte. */
  readonly rules: readonly string[];
}

/** `passage`: a directory that is in the mirror only when something below it is. */
type Verdict = "included" | "passage" | "excluded";

/** Never in the mirror, at any depth, whatever the patterns say: history and a virtual machine's state. */
const ALWAYS_EXCLUDED = [".git", ".vagrant"];
/** Not in the mirror unless a pattern names it: what npm put there is another platform's. */
const EXCLUDED_UNLESS_NAMED = "node_modules";

/**
 * Both lists are in gitignore syntax, relative to the project. `include` selects (a directory selects what is below
 * it; the last matching line wins; an empty list selects all), `exclude` takes away, as a .gitignore does.
 * Throws Failure, exit code 2, for a pattern that can't be kept.
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
  const includes = parseAll(include);
  const verdict = createVerdict(excludes, includes);
  const deepVerdict = (path: string, isDirectory: boolean): Verdict => {
    const bytes = toByteString(path);
    for (let slash = bytes.indexOf("/"); slash > 0; slash = bytes.indexOf("/", slash + 1)) {
      if (verdict(bytes.slice(0, slash), true) === "excluded") return "excluded";
    }
    return verdict(bytes, isDirectory);
  };
  return {
    includes: (path, isDirectory) => isRoot(path) || deepVerdict(path, isDirectory) !== "excluded",
    prunes: (directory) => !isRoot(directory) && deepVerdict(directory, true) === "excluded",
    verdict,
    hasPassages: includes.length > 0,
    rules: createRules(excludes, includes),
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

/** The last line first, for the first match to win. */
function parseAll(lines: readonly string[]): Pattern[] {
  return lines
    .map((line) => parsePattern(toByteString(line)))
    .filter((pattern) => pattern !== undefined)
    .reverse();
}

function createVerdict(excludes: readonly Pattern[], includes: readonly Pattern[]): Filter["verdict"] {
  const excluders = excludes.map((pattern) => ({ negated: pattern.negated, matches: compilePattern(pattern) }));
  const includers = includes.flatMap(includeSteps).map((step) => ({ ...step, matches: compilePattern(step.pattern) }));
  const isExcluded = (path: string, name: string, isDirectory: boolean) => {
    if (ALWAYS_EXCLUDED.includes(name)) return true;
    const match = firstMatch(excluders, path, name, isDirectory);
    return match !== undefined && !match.negated;
  };

  return (path, isDirectory) => {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (isExcluded(path, name, isDirectory)) return "excluded";
    if (includes.length === 0) return "included";
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

interface IncludeStep {
  readonly verdict: Verdict;
  readonly pattern: Pattern;
}

/** An include line is about what it matches and all below that; the directories on the way there are passages. */
function includeSteps(pattern: Pattern): IncludeStep[] {
  const verdict = pattern.negated ? "excluded" : "included";
  const steps: IncludeStep[] = [
    { verdict, pattern },
    { verdict, pattern: below(pattern) },
  ];
  if (!pattern.negated) steps.push(...passages(pattern).map((way) => ({ verdict: "passage" as const, pattern: way })));
  return steps;
}

/** What is below the paths a pattern matches. A `**` at the end stands for at least one component, unlike others. */
function below(pattern: Pattern): Pattern {
  const start = pattern.anchored ? pattern.segments : (["**", ...pattern.segments] as const);
  const end = start.at(-1) === "**" ? ([ANY_NAME, "**"] as const) : (["**"] as const);
  return { negated: false, directoryOnly: false, anchored: true, segments: [...start, ...end] };
}

const ANY_NAME = [{ kind: "star" }] as const;

function passages(pattern: Pattern): Pattern[] {
  const directory = { negated: false, directoryOnly: true };
  if (!pattern.anchored) return [{ ...directory, anchored: false, segments: [ANY_NAME] }];
  const doubleStar = pattern.segments.indexOf("**");
  const last = doubleStar === -1 ? pattern.segments.length - 1 : Math.min(doubleStar + 1, pattern.segments.length - 1);
  return Array.from({ length: last }, (_, i) => ({
    ...directory,
    anchored: true,
    segments: pattern.segments.slice(0, i + 1),
  }));
}

/**
 * rsync's first match wins and ends the list, so a line that takes an exclusion back can't hand over to the includes:
 * with both present it is left out, and what it is about stays on the target when it goes here.
 */
function createRules(excludes: readonly Pattern[], includes: readonly Pattern[]): string[] {
  const hasNegated = excludes.some((pattern) => pattern.negated);
  const rules = ALWAYS_EXCLUDED.map((name) => `- ${name}`);
  for (const pattern of excludes) {
    if (pattern.negated && includes.length > 0) continue;
    rules.push(...rsyncPatterns(pattern).map((text) => `${pattern.negated ? "+" : "-"} ${text}`));
    // What is in an excluded directory stays even when a file of ours takes the directory's place.
    if (pattern.directoryOnly && !hasNegated) rules.push(...rsyncPatterns(below(pattern)).map((text) => `- ${text}`));
  }
  if (includes.length === 0) return rules;
  for (const { verdict, pattern } of includes.flatMap(includeSteps)) {
    rules.push(...rsyncPatterns(pattern).map((text) => `${verdict === "excluded" ? "-" : "+"} ${text}`));
  }
  return [...rules, "- *"];
}
