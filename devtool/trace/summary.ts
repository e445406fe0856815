import { type RoundTrace, STAGES, type TracedStage } from "./round.ts";

/** Of one stage in all rounds that came to output, in milliseconds; a stage that a round has not counts as 0 there. */
export interface StageSummary {
  readonly stage: TracedStage | "total";
  readonly p50: number;
  readonly p95: number;
}

/** Per stage that any round had, then of the whole. Of several targets of a save the slowest counts. */
export function summarize(rounds: readonly RoundTrace[]): StageSummary[] {
  const complete = rounds.filter(({ outcome }) => outcome === "output");
  if (complete.length === 0) return [];
  const stages = STAGES.filter((stage) => complete.some((round) => lengthOf(round, stage) > 0));
  return [
    ...stages.map((stage) => ({ stage, ...quantiles(slowest(complete, (round) => lengthOf(round, stage))) })),
    { stage: "total", ...quantiles(slowest(complete, ({ total }) => total)) },
  ];
}

/** How many saves there were: each has a round for each target. */
export function savesIn(rounds: readonly RoundTrace[]): number {
  return slowest(rounds, () => 0).length;
}

/** One value for each save. */
function slowest(rounds: readonly RoundTrace[], of: (round: RoundTrace) => number): number[] {
  const bySave = new Map<string, number>();
  for (const round of rounds) bySave.set(round.saved, Math.max(bySave.get(round.saved) ?? 0, of(round)));
  return [...bySave.values()];
}

/** Milliseconds that a round spent in a stage. */
export function lengthOf({ spans }: RoundTrace, stage: TracedStage): number {
  const byTarget = new Map<string | null, number>();
  for (const span of spans)
    if (span.stage === stage) byTarget.set(span.target, (byTarget.get(span.target) ?? 0) + span.to - span.from);
  return Math.max(0, ...byTarget.values());
}

function quantiles(values: readonly number[]): { p50: number; p95: number } {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95) };
}

/** Nearest rank. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
