import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { createBundler } from "../../../../devtool/bundle/bundle.ts";
import { BundleFailure } from "../../../../devtool/bundle/bundle-failure.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { write } from "../bundlers.ts";

const { signal } = new AbortController();

/** Where yarn unpacks a package that has more than JavaScript. */
const placeOf = (name: string) => `.yarn/unplugged/${name}-npm-1.0.0-0/node_modules/${name}/`;

/** Where it has others, packed. */
const archiveOf = (name: string) => `.yarn/cache/${name}-npm-1.0.0-0123456789-0.zip`;
const packedPlaceOf = (name: string) => `${archiveOf(name)}/node_modules/${name}/`;
/** One that has peers. */
const virtualPlaceOf = (name: string) =>
  `.yarn/__virtual__/${name}-virtual-0123456789/0/cache/${packedPlaceOf(name).slice(".yarn/cache/".length)}`;

/** What yarn writes, as far as esbuild reads it. */
function plugAndPlay(names: readonly string[], placeOf: (name: string) => string): string {
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
    ".pnp.data.json": plugAndPlay(["pure", "adder", "lookup"], placeOf),
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

for (const [what, place] of [
  ["package in an archive", packedPlaceOf],
  ["package with peers in an archive", virtualPlaceOf],
] as const)
  test(`a ${what} that reads files of its own is named too, one that does not is bundled`, async (t) => {
    const root = await temporaryDirectory(t);
    const packed = (name: string, source: string, method: 0 | 8) =>
      zip({ [`node_modules/${name}/package.json`]: "{}", [`node_modules/${name}/index.js`]: source }, method);
    await write(root, {
      ".pnp.cjs": "module.exports = {};",
      ".pnp.data.json": plugAndPlay(["pure", "lookup", "stored"], place),
      "package.json": '{ "name": "app", "type": "module" }',
      "main.js": 'import pure from "pure";\nimport "lookup";\nimport "stored";\nconsole.log(pure);',
      [archiveOf("pure")]: packed("pure", 'module.exports = "pure";', 8),
      [archiveOf("lookup")]: packed("lookup", 'module.exports = () => __dirname + "/data";', 8),
      [archiveOf("stored")]: packed("stored", 'module.exports = () => __dirname + "/data";', 0),
    });
    const config = {
      entryPoints: { main: "main.js" },
      outdir: ".devtool",
      addons: [],
      incremental: false,
      options: {},
    };
    const bundler = createBundler(root, config);
    t.after(() => bundler.dispose());
    const { warnings } = await bundler.build(signal);
    assert.deepEqual(
      warnings.map(({ file, text }) => [file, text.includes(REMEDY)]).sort(),
      ["lookup", "stored"].map((name) => [`${place(name)}package.json`, true]),
    );
    assert.equal(execFileSync(process.execPath, [join(root, ".devtool/main.js")], { encoding: "utf8" }), "pure\n");
  });

test("of a package that bundle.addons names in a workspace with Plug'n'Play the remedy is yarn's", async (t) => {
  const root = await temporaryDirectory(t);
  await write(root, { ".pnp.cjs": "", "packages/app/package.json": "{}", "packages/app/main.js": "" });
  const config = {
    entryPoints: { main: "main.js" },
    outdir: "out",
    addons: ["adder"],
    incremental: false,
    options: {},
  };
  const bundler = createBundler(join(root, "packages/app"), config);
  t.after(() => bundler.dispose());
  await assert.rejects(bundler.build(signal), { code: "package-unavailable", remedy: REMEDY });
});

/** An archive as yarn writes them; `method`: 0 stores a file as it is, 8 deflates it. */
function zip(files: Readonly<Record<string, string>>, method: 0 | 8): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = method === 0 ? Buffer.from(text) : deflateRawSync(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(text), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(text.length, 18);
    common.writeUInt16LE(name.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\0", "latin1"), common, tail, Buffer.from(name));
    const entry = [Buffer.from("PK\x03\x04", "latin1"), common, Buffer.from(name), content];
    offset += entry.reduce((sum, { length }) => sum + length, 0);
    parts.push(...entry);
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.from("PK\x05\x06".padEnd(22, "\0"), "latin1");
  for (const at of [8, 10]) end.writeUInt16LE(Object.keys(files).length, at);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, entries, end]);
}

/** zlib has it from Node.js 22 on. */
function crc32(text: string): number {
  let sum = ~0;
  for (const byte of Buffer.from(text)) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit += 1) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return ~sum >>> 0;
}
