import { test } from "node:test";
import { FUZZED } from "./fuzzed.ts";

/** Of the million that `npm run bench -- fuzz` tries. */
const RUNS = 2_000;

for (const [what, fuzzed] of Object.entries(FUZZED))
  test(`${what} near what is valid are read or refused, and nothing else`, () => fuzzed(RUNS));
