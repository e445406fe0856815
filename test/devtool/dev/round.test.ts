import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { needs } from "../../rig/host.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";

test("what was removed from the mirror during watch, also all of it, is there and built again at the next save", async (t) => {
  if (!needs(t, lacks("rsync", "cat"))) return;
  const project = await makeProject(t, {
    "devtool.config.json": JSON.stringify({
      build: [{ command: ["sh", "-c", "cat sub/deep/a word >built"], inputs: ["sub/"] }],
      sync: { exclude: ["/built"] },
      run: ["sh", "-c", "echo $(cat built sub/deep/a word)"],
      target: "local",
    }),
    "sub/deep/a": "a",
    word: "1",
  });
  for (const path of ["devtool.config.ts", "native", "src"]) await rm(join(project.root, path), { recursive: true });
  const devtool = startDevtool(t, project, ["watch", "--json"]);
  const { mirror } = await devtool.next("synced");
  const printed = async () => {
    const output = await devtool.next("output");
    await devtool.next("exited");
    return "data" in output && output.data;
  };
  assert.equal(await printed(), "a1a1\n");
  for (const [removed, word] of [
    [mirror, "2"],
    [dirname(dirname(mirror)), "3"],
    [join(mirror, "sub"), "4"],
  ] as const) {
    await rm(removed, { recursive: true });
    await project.write(removed === join(mirror, "sub") ? { word, "sub/b": "" } : { word });
    assert.match((await devtool.next("notice")).text, /^something was removed from the mirror, so all that is missing/);
    assert.equal(await printed(), `a${word}a${word}\n`);
  }
  assert.deepEqual(readdirSync(join(mirror, "sub")).sort(), ["b", "deep"]);
});

test("what git ignores and an include line sends is deleted from the mirror once it is gone here, by a watch and by a sync", async (t) => {
  if (!needs(t, lacks("rsync", "git"))) return;
  const project = await makeProject(t, {
    ".gitignore": "generated/\n*.key\n",
    "devtool.config.json": JSON.stringify({
      sync: { include: ["src/", "generated/out", "a.key"] },
      run: ["true"],
      target: "local",
    }),
    "src/main": "",
    "generated/out": "",
    "a.key": "",
  });
  for (const path of ["devtool.config.ts", "native"]) await rm(join(project.root, path), { recursive: true });
  const devtool = startDevtool(t, project, ["watch", "--json"]);
  const { mirror } = await devtool.next("synced");
  await devtool.next("exited");
  assert.deepEqual(readdirSync(mirror).sort(), ["a.key", "generated", "src"]);
  await rm(join(project.root, "generated"), { recursive: true });
  await devtool.next("synced");
  assert.ok(!existsSync(join(mirror, "generated")));
  await rm(join(project.root, "a.key"));
  await devtool.next("synced");
  assert.deepEqual(readdirSync(mirror), ["src"]);
  await devtool.next("exited");
  await project.write({ "a.key": "" });
  await devtool.next("synced");
  devtool.child.kill();
  await devtool.ended;
  await rm(join(project.root, "a.key"));
  assert.equal((await startDevtool(t, project, ["sync"]).ended).code, 0);
  assert.deepEqual(readdirSync(mirror), ["src"]);
});
