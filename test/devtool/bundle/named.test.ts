import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { createBundler } from "../../../devtool/bundle/bundle.ts";
import { temporaryDirectory } from "../../rig/host.ts";
import { bundlerOf, write } from "./bundlers.ts";

const installed = (...names: readonly string[]) =>
  Object.fromEntries(
    names.flatMap((name) => [
      [`node_modules/${name}/package.json`, "{}"],
      [`node_modules/${name}/index.js`, "exports.a = 1;"],
    ]),
  );

test("a package that the project names in a string is shipped, unless it is bundled, a type, external or not the project's", async (t) => {
  const names = ["engine", "@of/transport", "bundled", "types", "external", "other"];
  const [other, ...declared] = names.toReversed();
  const { root, bundler } = await bundlerOf(
    t,
    {
      "package.json": JSON.stringify({
        dependencies: Object.fromEntries(declared.map((name) => [name, "1"])),
        devDependencies: { "@of/transport": "1", gone: "1" },
      }),
      "src/main.ts": `import type { A } from "types";
export { a } from 'bundled';
export const options: A = { engine: 'engine', target: "@of/transport/file", is: ["bundled", "gone", "external", "${other}"] };`,
      ...installed(...names),
    },
    { options: { external: ["external"] } },
  );
  const shipped = async () => (await bundler.build(t.signal)).apart.addons.map(({ name }) => name);
  assert.deepEqual(await shipped(), ["@of/transport", "engine"]);
  await write(root, { "src/main.ts": 'export const options = { engine: "engine" };' });
  assert.deepEqual(await shipped(), ["engine"]);
});

test("a package that a workspace has for all its projects counts as the project's", async (t) => {
  const top = await temporaryDirectory(t);
  await write(top, {
    "package.json": '{ "devDependencies": { "engine": "1" } }',
    "app/package.json": "{}",
    "app/src/main.ts": 'export const options = { engine: "engine" };',
    ...installed("engine"),
  });
  const bundle = {
    entryPoints: { main: "src/main.ts" },
    outdir: ".devtool",
    addons: [],
    incremental: false,
    options: {},
  };
  const bundler = createBundler(join(top, "app"), bundle);
  t.after(() => bundler.dispose());
  assert.deepEqual(
    (await bundler.build(t.signal)).apart.addons.map(({ name }) => name),
    ["engine"],
  );
});
