import type { Parts, Result } from "./rounds.ts";

/** One table: the same work done by each contender. The first result is ours. */
export interface Scenario {
  readonly title: string;
  readonly results: readonly Result[];
  readonly targets: readonly Target[];
  readonly limits?: readonly Limit[];
}

/** Of a part, in every round. */
export interface Limit {
  readonly ours: string;
  readonly part: string;
  readonly atMost: number;
}

/** At most this share of a peer's figure. */
export interface Target {
  readonly ours: string;
  readonly peer: string;
  readonly unit: "milliseconds" | "bytes";
  readonly atMost: number;
}

/** The table as text, each of our ratios to each peer, and for each target whether it is reached. */
export function tableOf({ title, results, targets, limits = [] }: Scenario): string {
  const [first] = results;
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = results.flatMap((result) => [
    [
      `  ${result.name.padEnd(width)}`,
      `${result.milliseconds.toFixed(2).padStart(9)} ms`,
      result.bytes === undefined ? "" : `${result.bytes.toLocaleString("en").padStart(10)} bytes`,
      result === first || !first ? "" : `  ours/this ${(first.milliseconds / result.milliseconds).toFixed(2)}`,
    ].join(" "),
    ...(result.parts ? [`    ${partsLine(result.parts)}`] : []),
  ]);
  const verdicts = [
    ...targets.map((target) => verdict(results, target)),
    ...limits.map((limit) => kept(results, limit)),
  ];
  return [title, ...lines.map((line) => line.trimEnd()), ...verdicts, ""].join("\n");
}

function partsLine(parts: Parts): string {
  return Object.entries(parts)
    .map(([name, figure]) => `${name} ${Number(figure.toFixed(1))}`)
    .join(", ");
}

function kept(results: readonly Result[], { ours, part, atMost }: Limit): string {
  const samples = results.find(({ name }) => name === ours)?.samples ?? [];
  const worst = Math.max(...samples.map(({ parts }) => parts?.[part] ?? Number.NaN));
  return `  ${worst <= atMost ? "pass" : "MISS"} ${ours}: ${part} = ${worst} (at most ${atMost})`;
}

function verdict(results: readonly Result[], target: Target): string {
  const { ours, peer, unit, atMost } = target;
  const ratio = ratioOf(results, target);
  const claim = `${unit === "bytes" ? "bytes of " : ""}${ours} / ${peer}`;
  if (ratio === undefined) return `  ?    ${claim}: not measured (at most ${atMost})`;
  return `  ${ratio <= atMost ? "pass" : "MISS"} ${claim} = ${ratio.toFixed(3)} (at most ${atMost})`;
}

export function ratioOf(results: readonly Result[], { ours, peer, unit }: Target): number | undefined {
  const figure = (name: string) => results.find((result) => result.name === name)?.[unit];
  const [own, theirs] = [figure(ours), figure(peer)];
  return own === undefined || theirs === undefined ? undefined : own / theirs;
}
