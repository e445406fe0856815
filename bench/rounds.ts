import { setTimeout as pause } from "node:timers/promises";

/** Of what a figure consists, by name: milliseconds, or numbers of something. */
export type Parts = Readonly<Record<string, number>>;

/** What one run of one contender took. */
export interface Sample {
  readonly milliseconds: number;
  /** Number of bytes sent, where that is measured. */
  readonly bytes?: number;
  readonly parts?: Parts;
}

export interface Contender {
  readonly name: string;
  /** Runs it once; the setup is not measured. */
  readonly measure: () => Promise<Sample>;
}

export interface Result {
  readonly name: string;
  readonly milliseconds: number;
  readonly bytes?: number;
  readonly parts?: Parts;
  readonly samples: readonly Sample[];
}

export interface Rounds {
  readonly rounds: number;
  /** Before each round, for all contenders at once. */
  readonly before?: () => Promise<void>;
}

/** Rounds whose samples don't count: caches, connections and compiled code settle. */
const WARM_UP_ROUNDS = 2;
/** The kernel removes network namespaces after their processes have ended; the next clone would wait for that. */
const SETTLE_MS = 30;

/** Runs A B A B …, so that a disturbance affects all contenders alike. The results are medians. */
export async function interleave(contenders: readonly Contender[], { rounds, before }: Rounds): Promise<Result[]> {
  const samples = contenders.map((): Sample[] => []);
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    await before?.();
    for (const [index, contender] of contenders.entries()) {
      await pause(SETTLE_MS);
      const sample = await contender.measure();
      if (round >= 0) samples[index]?.push(sample);
    }
  }
  return contenders.map(({ name }, index) => resultOf(name, samples[index] ?? []));
}

function resultOf(name: string, samples: readonly Sample[]): Result {
  const bytes = samples.flatMap((sample) => (sample.bytes === undefined ? [] : [sample.bytes]));
  return {
    name,
    milliseconds: median(samples.map((sample) => sample.milliseconds)),
    ...(bytes.length > 0 && { bytes: median(bytes) }),
    ...partMedians(samples),
    samples,
  };
}

function partMedians(samples: readonly Sample[]): { readonly parts?: Parts } {
  const all = samples.map(({ parts = {} }) => parts);
  const names = [...new Set(all.flatMap((parts) => Object.keys(parts)))];
  if (names.length === 0) return {};
  return { parts: Object.fromEntries(names.map((name) => [name, median(all.map((parts) => parts[name] ?? 0))])) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2;
}

/** Times one asynchronous piece of work. */
export async function timed(work: () => Promise<unknown>): Promise<Sample> {
  const started = performance.now();
  await work();
  return { milliseconds: performance.now() - started };
}
