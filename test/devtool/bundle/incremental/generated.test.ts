import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createBundler } from "../../../../devtool/bundle/bundle.ts";
import fc from "../../../rig/fast-check.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { write } from "../bundlers.ts";

const signal = new AbortController().signal;
const COUNT = 5;

/** What a generated module does with one that comes after it. */
const use = fc.record({
  of: fc.nat(COUNT - 1),
  how: fc.constantFrom("named", "default", "namespace", "all", "again", "require", "later"),
});
const module = fc.record({ uses: fc.array(use, { maxLength: 3 }), isOlder: fc.boolean(), value: fc.nat(9) });
const program = fc.array(module, { minLength: COUNT, maxLength: COUNT });

type Program = typeof program extends fc.Arbitrary<infer T> ? T : never;

/** Each module exports a name of its own, a default, and a text of all that it saw. */
function filesOf(modules: Program): Record<string, string> {
  return Object.fromEntries(
    modules.map((one, index) => [`src/${fileOf(modules, index)}`, textOf(modules, one, index)]),
  );
}

function fileOf(modules: Program, index: number): string {
  return index === 0 ? "main.ts" : `m${index}.${modules[index]?.isOlder ? "cjs" : "ts"}`;
}

function textOf(modules: Program, { uses, isOlder, value }: Program[number], index: number): string {
  const asOlder = isOlder && index > 0;
  const lines = uses
    .map(({ of, how }, at) => ({ target: index + 1 + (of % COUNT), how: asOlder ? "require" : how, at }))
    .filter(({ target }) => target < modules.length)
    .map(({ target, how, at }) => importText(`./${fileOf(modules, target)}`, target, how, `${index}_${at}`));
  const own = asOlder
    ? `exports.n${index} = ${value}; exports.default = "d${value}"; exports.__esModule = ${value > 4};`
    : `export let n${index} = ${value}; export default "d${value}"; n${index} += 1;`;
  return `const seen = [];\n${lines.join("\n")}\n${own}\n(globalThis.seen ??= []).push([${index}, ...seen]);`;
}

function importText(file: string, target: number, how: string, name: string): string {
  if (how === "named") return `import { n${target} as a${name} } from "${file}"; seen.push(a${name});`;
  if (how === "default") return `import b${name} from "${file}"; seen.push(b${name});`;
  if (how === "namespace")
    return `import * as c${name} from "${file}"; seen.push(c${name}.n${target}, c${name}.default);`;
  if (how === "all") return `export * from "${file}";`;
  if (how === "again") return `export { n${target} as again${name} } from "${file}";`;
  if (how === "later") return `seen.push(import("${file}").then((all) => [all.n${target}, all.default]));`;
  return `seen.push(require("${file}").n${target});`;
}

async function seenBy(file: string): Promise<unknown> {
  const scope: typeof globalThis & { seen?: unknown[][] } = globalThis;
  delete scope.seen;
  const load = createRequire(file);
  for (const name of Object.keys(load.cache)) if (name.startsWith(dirname(file))) delete load.cache[name];
  load(file);
  const { seen = [] } = scope;
  for (let count = -1; count !== seen.length; ) {
    count = seen.length;
    await Promise.all(seen.flat());
  }
  return Promise.all(seen.map((line) => Promise.all(line)));
}

test("a program has the same values as esbuild's bundle of it, also after edits", async (t) => {
  const root = await temporaryDirectory(t);
  const bundlers = ["plain", "incremental"].map((name) =>
    createBundler(root, {
      entryPoints: { main: "src/main.ts" },
      outdir: `.${name}`,
      addons: [],
      incremental: name === "incremental",
      options: { format: "cjs", sourcemap: false },
    }),
  );
  t.after(() => Promise.all(bundlers.map((bundler) => bundler.dispose())));
  await fc.assert(
    fc.asyncProperty(program, fc.constantFrom("module", "commonjs"), async (modules, type) => {
      await write(root, { ...filesOf(modules), "package.json": JSON.stringify({ type }) });
      for (const bundler of bundlers) await bundler.build(signal);
      const plain = await seenBy(join(root, ".plain/main.js"));
      const incremental = await seenBy(join(root, ".incremental/main.js"));
      assert.deepEqual(incremental, plain);
    }),
    { numRuns: 60 },
  );
});
