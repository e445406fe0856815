import assert from "node:assert/strict";
import { test } from "node:test";
import * as rules from "./rig/architecture.ts";
import { sourcesIn } from "./rig/sources.ts";

const lines = (count: number) => "\n".repeat(count);

/** Each rule, a project that breaks it, and what the rule then returns. */
const CASES: readonly (readonly [string, rules.Rule, Record<string, string>, readonly string[]])[] = [
  [
    "every import of a project file names a file that exists",
    rules.importsLeadSomewhere,
    { "devtool/a.ts": 'import { b } from "./b.ts";\n' },
    ["devtool/a.ts -> devtool/b.ts"],
  ],
  [
    "devtool and tinydocker know nothing of each other",
    rules.programsStayApart,
    { "devtool/a.ts": 'import type { B } from "../runtime/b.ts";\n', "runtime/b.ts": "" },
    ["devtool/a.ts -> runtime/b.ts"],
  ],
  [
    "each library enters a program through one file",
    rules.oneFileForEachLibrary,
    {
      "devtool/a.ts": 'import {\n  x,\n} from "yargs/helpers";\n',
      "devtool/b.ts": 'const y = () => import("yargs");\n',
      "runtime/cli.ts": 'import yargs from "yargs";\n',
    },
    ["devtool imports yargs in devtool/a.ts, devtool/b.ts"],
  ],
  [
    "imports form no cycle",
    rules.noCycle,
    {
      "devtool/cli.ts": 'import "./a.ts";\n',
      "devtool/a.ts": 'import { b } from "./b/b.ts";\n',
      "devtool/b/b.ts": 'export type { A } from "../a.ts";\n',
    },
    ["devtool/a.ts", "devtool/b/b.ts", "devtool/a.ts"],
  ],
  [
    "the stages of an edit are the folders that the next rule checks",
    rules.stagesAreKnown,
    {
      "devtool/cli.ts": "",
      "devtool/dev/round.ts": "",
      "devtool/watch/watch.ts": "",
      "devtool/bundle/bundle.ts": "",
      "devtool/transfer/send/sync.ts": "",
      "devtool/build/build.ts": "",
      "devtool/run/launch.ts": "",
      "runtime/other/other.ts": "",
    },
    ["sync is missing", "transfer is unknown"],
  ],
  [
    "a stage of an edit imports only types, and only of the stage before it",
    rules.stagesInARow,
    {
      "devtool/watch/watch.ts": 'import type { Bundle } from "../bundle/bundle.ts";\n',
      "devtool/bundle/bundle.ts": 'import type { ChangeSet } from "../watch/watch.ts";\n',
      "devtool/sync/sync.ts": 'import { bundle } from "../bundle/bundle.ts";\nimport { walk } from "./send/walk.ts";\n',
      "devtool/sync/send/walk.ts": "",
      "devtool/build/build.ts": 'import type { Bundle } from "../bundle/bundle.ts";\n',
    },
    [
      "devtool/watch/watch.ts -> devtool/bundle/bundle.ts",
      "devtool/sync/sync.ts -> devtool/bundle/bundle.ts",
      "devtool/build/build.ts -> devtool/bundle/bundle.ts",
    ],
  ],
  [
    "the core of tinydocker imports only itself",
    rules.coreIsPure,
    {
      "runtime/spec/spec.ts":
        'import { posix } from "node:path";\nimport type { Image } from "../image/image.ts";\nimport { CLONE } from "../linux.ts";\n',
      "runtime/host/shim.ts": 'import { readFileSync } from "node:fs";\n',
    },
    ["runtime/spec/spec.ts -> node:path", "runtime/spec/spec.ts -> runtime/image/image.ts"],
  ],
  [
    "only an entry ends the process",
    rules.onlyEntriesExit,
    { "runtime/cli.ts": "process.exit(0);\n", "runtime/run.ts": "function f() {\n  process.exit(1);\n}\n" },
    ["runtime/run.ts"],
  ],
  [
    "importing a module does nothing",
    rules.importingDoesNothing,
    {
      "devtool/cli.ts": "await main();\n",
      "devtool/a.ts": "export const a = await load();\nconst b = {\n  c: 1,\n};\nstart();\nfor (const d of e) f(d);\n",
    },
    [
      "devtool/a.ts: export const a = await load();",
      "devtool/a.ts: start();",
      "devtool/a.ts: for (const d of e) f(d);",
    ],
  ],
  [
    "a file has at most 300 lines, a function 70",
    rules.filesAndFunctionsAreShort,
    {
      "devtool/a.ts": lines(301),
      "devtool/b.ts": `export async function f(\n  g: string,\n): Promise<void> {${lines(70)}}\nconst h = () => {${lines(69)}};\n`,
      "devtool/c.ts": lines(300),
    },
    ["devtool/a.ts has 301 lines", "devtool/b.ts:3 is a function of 71 lines"],
  ],
];

for (const [title, rule, broken, violations] of CASES) {
  test(title, () => {
    assert.deepEqual(rule(new Map(Object.entries(broken))), violations, "the rule reports what breaks it");
    assert.deepEqual(rule(sourcesIn("devtool", "runtime")), []);
  });
}

test("tests get fast-check through one file, which fixes its seed", () => {
  const importers = [...sourcesIn("test", "bench")].filter(([, text]) => /^import .* from "fast-check";$/m.test(text));
  assert.deepEqual(
    importers.map(([path]) => path),
    ["test/rig/fast-check.ts"],
  );
});
