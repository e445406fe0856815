import type { Filter } from "../../ignore/filter.ts";
import { below } from "../../ignore/include.ts";
import { compilePattern } from "../../ignore/match.ts";
import { literalPath, type Pattern } from "../../ignore/pattern.ts";
import { ALWAYS_EXCLUDED } from "../../ignore/rules.ts";
import { nameOf } from "../../paths/bytes.ts";
import { rsyncPatterns } from "./rsync-pattern.ts";

/**
 * The filter for rsync's receiver, which deletes nothing that these exclude; one code unit for each byte.
 * rsync stops at the first match, so a negated exclude would decide before the includes: where there are includes it is
 * omitted, and what it matches is kept (but see goneRules).
 */
export function rulesOf({ excludes, selects }: Pick<Filter, "excludes" | "selects">): string[] {
  const hasNegated = excludes.some((pattern) => pattern.negated);
  const rules = ALWAYS_EXCLUDED.map((name) => `- ${name}`);
  for (const pattern of excludes) {
    if (pattern.negated && selects.length > 0) continue;
    rules.push(...rsyncPatterns(pattern).map((text) => `${pattern.negated ? "+" : "-"} ${text}`));
    // The content of an excluded directory stays, even if the project has a file in the directory's place.
    if (pattern.directoryOnly && !hasNegated) rules.push(...rsyncPatterns(below(pattern)).map((text) => `- ${text}`));
  }
  if (selects.length === 0) return rules;
  for (const { verdict, pattern } of selects) {
    rules.push(...rsyncPatterns(pattern).map((text) => `${verdict === "excluded" ? "-" : "+"} ${text}`));
  }
  return [...rules, "- *"];
}

/**
 * Of what was sent and is not in the project any more, though the filter includes it, what rulesOf() would keep is deleted. Paths of
 * directories end in a slash.
 */
export function goneRules(
  { excludes, selects }: Pick<Filter, "excludes" | "selects">,
  gone: readonly string[],
): string[] {
  if (selects.length === 0 || !excludes.some(({ negated }) => negated)) return [];
  const matchers = excludes.filter(({ negated }) => !negated).map(compilePattern);
  const isKept = (path: string) => {
    const plain = path.replace(/\/$/, "");
    return matchers.some((matches) => matches(plain, nameOf(plain), plain !== path));
  };
  const kept = [...new Set(gone.flatMap(withFolders))].filter(isKept);
  return kept
    .map(literalPattern)
    .flatMap(rsyncPatterns)
    .map((text) => `+ ${text}`);
}

/** A path and the folders that it is in. */
function withFolders(path: string): string[] {
  const folders = [...path.slice(0, -1).matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1));
  return [...folders, path];
}

/** Keeps these paths and what is below them; those of directories end in a slash. */
export function literalRules(paths: readonly string[]): string[] {
  return paths
    .map(literalPattern)
    .flatMap((pattern) => (pattern.directoryOnly ? [pattern, below(pattern)] : [pattern]))
    .flatMap(rsyncPatterns)
    .map((text) => `- ${text}`);
}

/** Each of these paths is deleted although it is excluded; what else is in these directories stays. */
export function withdrawalRules(paths: readonly string[]): string[] {
  const patterns = paths.map(literalPattern);
  const directories = patterns.filter(({ directoryOnly }) => directoryOnly);
  return [
    ...patterns.flatMap(rsyncPatterns).map((text) => `+ ${text}`),
    ...directories
      .map(below)
      .flatMap(rsyncPatterns)
      .map((text) => `- ${text}`),
  ];
}

/** Those of directories end in a slash. */
function literalPattern(path: string): Pattern {
  const directoryOnly = path.endsWith("/");
  return {
    negated: false,
    directoryOnly,
    anchored: true,
    tokens: literalPath(directoryOnly ? path.slice(0, -1) : path),
  };
}
