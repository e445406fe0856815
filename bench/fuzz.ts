import { randomSeed } from "../test/rig/fast-check.ts";
import { FUZZED } from "../test/runtime/image/fuzzed.ts";
import type { Scenario } from "./scenario.ts";

/** Of all parsers together. */
const INPUTS = Number(process.env["TINYDOCKER_BENCH_FUZZ"] ?? 1_000_000);

/** What the parsers of images make of inputs near what is valid. Throws at the first that is neither read nor refused. */
export async function benchFuzz(): Promise<Scenario[]> {
  randomSeed();
  const parsers = Object.entries(FUZZED);
  for (const [what, fuzzed] of parsers) {
    const runs = Math.ceil(INPUTS / parsers.length);
    const began = performance.now();
    await fuzzed(runs);
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    process.stdout.write(`fuzz: ${runs.toLocaleString("en")} ${what}: ${seconds} s, each read or refused\n`);
  }
  return [];
}
