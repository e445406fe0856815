import type { Pattern, Token } from "./pattern.ts";

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

/** What is below the paths a pattern matches. */
export function below({ anchored, tokens }: Pattern): Pattern {
  const start: readonly Token[] = anchored ? tokens : [{ kind: "folders" }, ...tokens];
  return {
    negated: false,
    directoryOnly: false,
    anchored: true,
    tokens: [...start, { kind: "slash" }, { kind: "deep" }],
  };
}

/** Whichever depth a pattern's `**` stands for, any directory from there on may lead to a match. */
function passages({ anchored, tokens }: Pattern): Pattern[] {
  const directory = { negated: false, directoryOnly: true };
  if (!anchored) return [{ ...directory, anchored: false, tokens: [{ kind: "star" }] }];
  const found: Pattern[] = [];
  for (const [at, { kind }] of tokens.entries()) {
    const isDeep = kind === "deep" || kind === "folders";
    if (!isDeep && kind !== "slash") continue;
    found.push({
      ...directory,
      anchored: true,
      tokens: isDeep ? [...tokens.slice(0, at), { kind: "deep" }] : tokens.slice(0, at),
    });
    if (isDeep) break;
  }
  return found;
}
