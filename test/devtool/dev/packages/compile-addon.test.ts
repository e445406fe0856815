import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, readdir, realpath, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { EventLine } from "../../../../devtool/report/events.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { lacks, makeProject, type Project, startDevtool } from "../../rig.ts";

/** As npm leaves it on a machine of another platform: without a binary. */
const ADDON = {
  "node_modules/adder/package.json":
    '{ "name": "adder", "version": "1.0.0", "scripts": { "install": "has-numbers && node-gyp rebuild" }, "dependencies": { "numbers": "1" } }',
  "node_modules/adder/index.js": 'module.exports = require("./build/Release/adder.node");',
  "node_modules/adder/binding.gyp":
    '{ "targets": [{ "target_name": "adder", "sources": ["adder.c"], "include_dirs": ["<!(node -p \\"require(\'numbers\').folder\\")"] }] }',
  "node_modules/adder/adder.c": `#include <node_api.h>
#include "numbers.h"
NAPI_MODULE_INIT() {
  napi_value sum;
  napi_create_int32(env, ONE + 41, &sum);
  napi_set_named_property(env, exports, "sum", sum);
  return exports;
}
`,
  "node_modules/numbers/package.json":
    '{ "name": "numbers", "version": "1.0.0", "bin": { "has-numbers": "index.js" } }',
  "node_modules/numbers/index.js": "#!/usr/bin/env node\nexports.folder = __dirname;",
  "node_modules/numbers/numbers.h": "#define ONE 1\n",
};

const PROGRAM = {
  "devtool.config.json": JSON.stringify({
    bundle: { entryPoints: { main: "main.ts" } },
    run: ["node", ".devtool/main.js"],
    targets: { here: "local" },
    target: "here",
  }),
  "main.ts": 'import adder from "adder";\nconsole.log(adder.sum);\n',
};

async function run(t: TestContext, project: Project, env: Record<string, string> = {}, command = ["run"]) {
  const args = [...command, "--config", "devtool.config.json", "--json"];
  const devtool = startDevtool(t, project, args, env);
  const { code } = await devtool.ended;
  const events = devtool.lines.map((line) => JSON.parse(line) as EventLine);
  const output = events.map((event) => (event.event === "output" && "data" in event ? event.data : "")).join("");
  const failed = events.find((event) => event.event === "failed");
  const isCompiled = events.some((event) => event.event === "log" && event.text.includes("node-gyp"));
  const mirror = events.find((event) => event.event === "synced")?.mirror ?? "";
  return { code, output, failed, isCompiled, mirror };
}

test("an add-on that compiles at install is compiled on the target, once, and not by a dry run", async (t) => {
  if (!needs(t, lacks("rsync", "npm", "python3", "make", "g++"))) return;
  const project = await makeProject(t, { ...PROGRAM, ...ADDON });
  const dry = await run(t, project, {}, ["sync", "--dry-run"]);
  const refusal = "adder@1.0.0 is installed on here first, which a dry run does not do";
  assert.deepEqual([dry.failed?.message, dry.isCompiled], [refusal, false]);
  const first = await run(t, project);
  assert.deepEqual([first.code, first.output, first.isCompiled], [0, "42\n", true]);
  const second = await run(t, project);
  assert.deepEqual([second.code, second.output, second.isCompiled], [0, "42\n", false]);
  const left: string[] = await readdir(join(first.mirror, ".devtool-built")).catch(() => []);
  assert.equal(left.includes("addon"), false, left.join());
});

test("a tool that compiling an add-on needs and the target lacks is named", async (t) => {
  if (!needs(t, lacks("rsync", "npm", "make"))) return;
  const project = await makeProject(t, { ...PROGRAM, ...ADDON });
  const bin = join(await temporaryDirectory(t), "bin");
  await mkdir(bin);
  const tools = ["sh", "env", "node", "npm", "rsync", "mkdir", "rm", "cat", "id", "readlink", "make", "dirname"];
  for (const tool of tools) {
    const path = execFileSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim();
    await symlink(await realpath(path), join(bin, tool));
  }
  const { code, failed } = await run(t, project, { PATH: bin });
  assert.equal(code, 1);
  assert.deepEqual(failed && [failed.code, failed.message], [
    "tool-missing",
    "here has no python3, g++, to compile adder@1.0.0 with",
  ]);
});
