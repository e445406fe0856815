import { sourcesIn } from "./rig/sources.ts";
import { unitTests } from "./rig/unit.ts";

// Prints the files that npm test runs: the unit tests as one, then every other but those of test/vagrant.
const sources = sourcesIn("devtool", "runtime", "test");
const apart = new Set(unitTests(sources));
const others = [...sources.keys()].filter(
  (path) => path.endsWith(".test.ts") && !path.startsWith("test/vagrant/") && !apart.has(path),
);
console.log(["test/unit.ts", ...others.sort()].join("\n"));
