import { sourcesIn } from "./rig/sources.ts";
import { unitTests } from "./rig/unit.ts";

// The tests that need only Node.js, in one process: the start of another takes longer than most files' tests.
for (const path of unitTests(sourcesIn("devtool", "runtime", "test"))) await import(`../${path}`);
