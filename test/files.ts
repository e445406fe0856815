import { sourcesIn } from "./rig/sources.ts";
import { unitTests } from "./rig/unit.ts";

// Prints the files that npm test runs: the unit tests as one, then every other but those of test/vagrant.
const sources = sourcesIn("devtool", "runtime", "test");
const apart = new Set(unitTests(sources));
const others = [...sources.keys()].filter(
  (path) => path.endsWith(".test.ts") && !path.startsWith("test/vagrant/") && !apart.has(path),
);
// A guest keeps one processor busy for minutes: at the end the others would have nothing to do, and at the start its image is not made yet.
const parts = [/^(?!test\/(vm|runtime)\/)/, /^test\/vm\//, /^test\/runtime\//];
const inOrder = parts.flatMap((part) => others.filter((path) => part.test(path)).sort());
console.log(["test/unit.ts", ...inOrder].join("\n"));
