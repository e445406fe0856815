import assert from "node:assert/strict";
import { test } from "node:test";
import { bundlerOf, write } from "./bundlers.ts";

const FILES = {
  "src/main.ts": "const of = (_: object) => {};\n@of\nclass A {}\nconsole.log(A);",
  "base.json": '{\n  "compilerOptions": { "experimentalDecorators": true,\n    "emitDecoratorMetadata": true }\n}',
  "tsconfig.json": '{\n  "extends": "./base" // as "emitDecoratorMetadata": false\n}',
};

test("decorators whose metadata is asked for and left out by esbuild are warned of, with where that is asked for", async (t) => {
  const { root, bundler } = await bundlerOf(t, FILES);
  const warned = async () => {
    const { warnings } = await bundler.build(t.signal);
    return warnings.map(({ file, line, column }) => `${file}:${line}:${column}`);
  };
  assert.deepEqual(await warned(), ["base.json:3:5"]);
  await write(root, { "src/main.ts": "class A {}\nconsole.log(A);" });
  assert.deepEqual(await warned(), []);
  const compilerOptions = '"compilerOptions": { "emitDecoratorMetadata": false }';
  await write(root, { ...FILES, "tsconfig.json": `{ "extends": "./base", ${compilerOptions} }` });
  assert.deepEqual(await warned(), []);
});

test("a project's own plugin, which may write the metadata, is not warned of", async (t) => {
  const plugins = [{ name: "own", setup: () => {} }];
  const { bundler } = await bundlerOf(t, FILES, { options: { plugins } });
  assert.deepEqual((await bundler.build(t.signal)).warnings, []);
});
