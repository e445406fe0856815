import fc from "fast-check";

const FIXED = 1;

/** TINYDOCKER_TEST_SEED: a number, such as the one that a failure names, or `random`. */
const wanted = process.env["TINYDOCKER_TEST_SEED"] ?? FIXED;

// The same inputs in each run, so that a rare counterexample fails no change that has nothing to do with it.
if (wanted !== "random") fc.configureGlobal({ seed: Number(wanted) });

/** Other inputs in each run, whatever was wanted. */
export function randomSeed(): void {
  fc.resetConfigureGlobal();
}

export default fc;
