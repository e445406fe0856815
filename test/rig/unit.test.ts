import assert from "node:assert/strict";
import { test } from "node:test";
import { sourcesIn } from "./sources.ts";
import { unitTests } from "./unit.ts";

test("a test that reaches a process, a connection or the kernel through what it imports is not a unit test", () => {
  const sources = new Map([
    ["test/a.test.ts", 'import { a } from "../devtool/a.ts";\n'],
    ["devtool/a.ts", 'import { b } from "./b.ts";\n'],
    ["devtool/b.ts", 'import { b } from "./a.ts";\nimport type { Socket } from "node:net";\n'],
    ["test/direct.test.ts", 'import { spawn } from "node:child_process";\n'],
    ["test/far.test.ts", 'import { a } from "../devtool/a.ts";\nimport { rig } from "./rig.ts";\n'],
    ["test/rig.ts", 'export { late } from "../devtool/late.ts";\n'],
    ["devtool/late.ts", 'const late = () => import("koffi");\n'],
  ]);
  assert.deepEqual(unitTests(sources), ["test/a.test.ts"]);
});

test("the pure parts of both programs have unit tests", () => {
  const unit = unitTests(sourcesIn("devtool", "runtime", "test"));
  for (const folder of [
    "devtool/command-line",
    "devtool/config",
    "devtool/protocol",
    "devtool/report",
    "devtool/sync/send",
    "devtool/sync/wire",
    "devtool/watch",
    "runtime/plan",
  ]) {
    assert.ok(
      unit.some((path) => path.startsWith(`test/${folder}/`)),
      `no test of ${folder} is a unit test any more`,
    );
  }
});
