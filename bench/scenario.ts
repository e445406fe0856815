import type { Result } from "./rounds.ts";

/** One table: the same work done by each contender. The first result is ours. */
export interface Scenario {
  readonly title: string;
  readonly results: readonly Result[];
  readonly targets: readonly Target[];
}

/** At most this share of a peer's figure. */
export interface Target {
  readonly ours: string;
  readonly peer: string;
  readonly unit: "milliseconds" | "bytes";
  readonly atMost: number;
}

/** The table as text, each of our ratios to each peer, and for each target whether it is reached. */
export function tableOf({ title, results, targets }: Scenario): string {
  const [first] = results;
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = results.map((result) =>
    [
      `  ${result.name.padEnd(width)}`,
      `${result.milliseconds.toFixed(2).padStart(9)} ms`,
      result.bytes === undefined ? "" : `${result.bytes.toLocaleString("en").padStart(10)} bytes`,
      result === first || !first ? "" : `  ours/this ${(first.milliseconds / result.milliseconds).toFixed(2)}`,
    ].join(" "),
  );
  return [title, ...lines.map((line) => line.trimEnd()), ...targets.map((target) => verdict(results, target)), ""].join(
    "\n",
  );
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
