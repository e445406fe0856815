import type { Filter } from "../../ignore/filter.ts";
import { below } from "../../ignore/include.ts";
import { literalPath, type Pattern } from "../../ignore/pattern.ts";
import { ALWAYS_EXCLUDED } from "../../ignore/rules.ts";
import { rsyncPatterns } from "./rsync-pattern.ts";

/**
 * The filter for rsync's receiver, which deletes nothing that these exclude; one code unit for each byte.
 * rsync stops at the first match, so a negated exclude would decide before the includes: where there are includes it is
 * omitted, and what it matches stays on the target when it is deleted here.
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
