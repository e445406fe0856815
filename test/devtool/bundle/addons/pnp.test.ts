import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { createBundler } from "../../../../devtool/bundle/bundle.ts";
import { BundleFailure } from "../../../../devtool/bundle/bundle-failure.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { write } from "../bundlers.ts";

const { signal } = new AbortController();

/** Where yarn unpacks a package that has more than JavaScript. */
const placeOf = (name: string) => `.yarn/unplugged/${name}-npm-1.0.0-0/node_modules/${name}/`;

/** What yarn writes, as far as esbuild reads it. */
function plugAndPlay(names: readonly string[]): string {
  const dependencies = names.map((name) => [name, "npm:1.0.0"]);
  const own = { packageLocation: "./", packageDependencies: dependencies, linkType: "SOFT" };
  const packages = names.map((name) => {
    const found = {
      packageLocation: `./${placeOf(name)}`,
      packageDependencies: [[name, "npm:1.0.0"]],
      linkType: "HARD",
    };
    return [name, [["npm:1.0.0", found]]];
  });
  return JSON.stringify({
    dependencyTreeRoots: [{ name: "app", reference: "workspace:." }],
    enableTopLevelFallback: true,
    ignorePatternData: null,
    fallbackExclusionList: [],
    fallbackPool: [],
    packageRegistryData: [[null, [[null, own]]], ["app", [["workspace:.", own]]], ...packages],
  });
}

const REMEDY = "write nodeLinker: node-modules into .yarnrc.yml, and run yarn install";

test("of a project with yarn's Plug'n'Play JavaScript is bundled, and a package with a native part is named, with what to do", async (t) => {
  const root = await temporaryDirectory(t);
  const manifest = (more: object = {}) => JSON.stringify({ version: "1.0.0", ...more });
  await write(root, {
    ".pnp.cjs": "module.exports = {};",
    ".pnp.data.json": plugAndPlay(["pure", "adder", "lookup"]),
    "package.json": '{ "name": "app", "type": "module" }',
    "main.js": 'import pure from "pure";\nconsole.log(pure);',
    [`${placeOf("pure")}package.json`]: manifest(),
    [`${placeOf("pure")}index.js`]: 'module.exports = "pure";',
    [`${placeOf("adder")}package.json`]: manifest({ scripts: { install: "node-gyp rebuild" } }),
    [`${placeOf("adder")}index.js`]: 'module.exports = require("./build/adder.node");',
    [`${placeOf("adder")}build/adder.node`]: "",
    [`${placeOf("lookup")}package.json`]: manifest(),
    [`${placeOf("lookup")}index.js`]: 'module.exports = require("fs").readFileSync(__dirname + "/data", "utf8");',
  });
  const bundlerOf = (addons: readonly string[] = []) => {
    const bundler = createBundler(root, {
      entryPoints: { main: "main.js" },
      outdir: ".devtool",
      addons,
      incremental: false,
      options: {},
    });
    t.after(() => bundler.dispose());
    return bundler;
  };
  const bundler = bundlerOf();
  assert.deepEqual((await bundler.build(signal)).warnings, []);
  assert.equal(execFileSync(process.execPath, [join(root, ".devtool/main.js")], { encoding: "utf8" }), "pure\n");

  await write(root, { "main.js": 'import "lookup";' });
  const [warning, ...more] = (await bundler.build(signal)).warnings;
  assert.deepEqual([warning?.file, more], [`${placeOf("lookup")}package.json`, []]);
  assert.match(
    warning?.text ?? "",
    /from node_modules only, not from where yarn's Plug'n'Play has it: write nodeLinker/,
  );

  await write(root, { "main.js": 'import "adder";' });
  await assert.rejects(bundler.build(signal), (error) => {
    assert.ok(error instanceof BundleFailure);
    const told = error.diagnostics.map(({ severity, file, text }) => [severity, file, text.includes(REMEDY)]);
    assert.deepEqual(told[0]?.[0], "error");
    assert.ok(
      told.some(([, file, isTold]) => file === `${placeOf("adder")}package.json` && isTold),
      JSON.stringify(told),
    );
    return true;
  });
  await write(root, { "main.js": "" });
  await assert.rejects(bundlerOf(["adder"]).build(signal), { code: "package-unavailable", remedy: REMEDY });
});
