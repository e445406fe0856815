import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { bundlerOf, write } from "./bundlers.ts";

const run = promisify(execFile);

const FILES = {
  "package.json": '{ "dependencies": { "framework": "1" } }',
  "src/main.ts": 'import { start } from "framework";\nstart(process.argv[2]);',
  "node_modules/framework/package.json": JSON.stringify({
    main: "index.js",
    dependencies: { needed: "1" },
    peerDependencies: { transport: "1" },
    peerDependenciesMeta: { transport: { optional: true } },
  }),
  "node_modules/framework/index.js": `exports.start = async (kind) => {
  const { client } = kind === "transport" ? require("transport/client.js") : kind === "other" ? await import("other") : { client: "none" };
  console.log(client);
};`,
};

for (const incremental of [false, true])
  test(`what a package can do without fails where the program needs it, ${incremental ? "in an incremental bundle too" : "and not in the bundle"}`, async (t) => {
    const options = incremental ? { format: "cjs" as const } : {};
    const { root, bundler } = await bundlerOf(t, FILES, { incremental, options });
    const printed = (...args: string[]) => run(process.execPath, [join(root, ".devtool/main.js"), ...args]);
    await bundler.build(t.signal);
    assert.equal((await printed()).stdout, "none\n");
    await assert.rejects(printed("transport"), /Cannot find module 'transport\/client.js'/);
    await assert.rejects(printed("other"), /Cannot find package 'other'/);
    await write(root, {
      "node_modules/transport/package.json": "{}",
      "node_modules/transport/client.js": "exports.client = 'installed';",
      "node_modules/.package-lock.json": "{}",
    });
    await bundler.build(t.signal);
    assert.equal((await printed("transport")).stdout, "installed\n");
    await write(root, { "node_modules/framework/index.js": 'require("needed");' });
    const remedy = "package.json names what is not installed, needed: run npm install";
    await assert.rejects(bundler.build(t.signal), { remedy });
  });

test("what a project's own file imports is to be there, and so is what a package imports by a statement", async (t) => {
  const own = { "src/main.ts": 'import "framework";\nexport const load = () => require("transport");' };
  const { root, bundler } = await bundlerOf(t, { ...FILES, ...own });
  await assert.rejects(bundler.build(t.signal), { code: "bundle-failed" });
  await write(root, {
    "src/main.ts": 'import "framework";',
    "node_modules/framework/index.js": 'import "transport";',
  });
  await assert.rejects(bundler.build(t.signal), { code: "bundle-failed" });
});
