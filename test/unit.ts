import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { sourcesIn } from "./rig/sources.ts";
import { unitTests } from "./rig/unit.ts";

// npm run test:unit: the tests that need only Node.js, on the Node.js that runs this.
const files = unitTests(sourcesIn("devtool", "runtime", "test"));
const parallel = `--test-concurrency=${availableParallelism()}`;
const argv = ["--import", "tsx", "--test", "--test-reporter=spec", parallel, ...process.argv.slice(2), ...files];
const { status } = spawnSync(process.execPath, argv, { stdio: "inherit" });
process.exitCode = status ?? 1;
