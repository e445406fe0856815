import type { Pattern } from "./pattern.ts";

/** `passage`: a directory that is in the mirror only when something below it is. */
export type Verdict = "included" | "passage" | "excluded";

export interface IncludeStep {
  readonly verdict: Verdict;
  readonly pattern: Pattern;
}

/** An include line selects what it matches and everything below; the directories that lead there are passages. */
export function includeSteps(pattern: Pattern): IncludeStep[] {
  const verdict = pattern.negated ? "excluded" : "included";
  const steps: IncludeStep[] = [
    { verdict, pattern },
    { verdict, pattern: below(pattern) },
  ];
  if (!pattern.negated)
    steps.push(...passages(pattern).map((directory) => ({ verdict: "passage" as const, pattern: directory })));
  return steps;
}

/** What is below the paths a pattern matches. A `**` at the end stands for at least one component, unlike others. */
export function below(pattern: Pattern): Pattern {
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
