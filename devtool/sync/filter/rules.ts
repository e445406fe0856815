import { ALWAYS_EXCLUDED, type Filter } from "../../ignore/filter.ts";
import { below } from "../../ignore/include.ts";
import { rsyncPatterns } from "./rsync-pattern.ts";

/**
 * The filter for rsync's receiver, which deletes nothing that these exclude; one code unit for each byte.
 * rsync's first match wins and ends the list, so a line that takes an exclusion back can't hand over to the includes:
 * with both present it is left out, and what it is about stays on the target when it goes here.
 */
export function rulesOf({ excludes, selects }: Pick<Filter, "excludes" | "selects">): string[] {
  const hasNegated = excludes.some((pattern) => pattern.negated);
  const rules = ALWAYS_EXCLUDED.map((name) => `- ${name}`);
  for (const pattern of excludes) {
    if (pattern.negated && selects.length > 0) continue;
    rules.push(...rsyncPatterns(pattern).map((text) => `${pattern.negated ? "+" : "-"} ${text}`));
    // What is in an excluded directory stays even when a file of ours takes the directory's place.
    if (pattern.directoryOnly && !hasNegated) rules.push(...rsyncPatterns(below(pattern)).map((text) => `- ${text}`));
  }
  if (selects.length === 0) return rules;
  for (const { verdict, pattern } of selects) {
    rules.push(...rsyncPatterns(pattern).map((text) => `${verdict === "excluded" ? "-" : "+"} ${text}`));
  }
  return [...rules, "- *"];
}
