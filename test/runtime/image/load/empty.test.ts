import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, test } from "node:test";
import { busyboxRootfs, tinydocker } from "../../../rig/tinydocker.ts";
import { dockerSave, json, packed } from "../layers/saved.ts";

const rig = await tinydocker({ after });
const rootfs = await busyboxRootfs(join(rig.directory, "rootfs"));

/** As Go writes lists that nothing was added to, of an image that names no machine. */
const config = json({ config: null, rootfs: { type: "layers", diff_ids: null } });
const saved = packed({
  "config.json": config,
  "manifest.json": json([{ Config: "config.json", RepoTags: ["empty:1"], Layers: null }]),
});

test("an image without layers is an empty root, which every user may enter, and which is exported and committed as such", async () => {
  const done = async (args: string[], input?: Buffer) => {
    const { code, stdout, stderr } = await rig.run(args, input === undefined ? {} : { input });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  await done(["load", "-q"], saved);
  const own = ["--name", "e1", "-u", "1000", "-v", `${rootfs}/bin:/bin:ro`, "empty:1"];
  const seen = await done(["run", ...own, "/bin/sh", "-c", "cd / && ls"]);
  assert.deepEqual(seen.trim().split("\n"), ["bin", "dev", "etc", "proc", "sys"]);
  await done(["create", "--name", "e2", "empty:1", "/bin/sh"]);
  const exported = execFileSync("tar", ["-t"], { input: await done(["export", "e2"]), encoding: "utf8" });
  assert.equal(exported, "./\n");
  await done(["commit", "e2", "more:1"]);
  assert.equal((await done(["history", "-q", "more:1"])).trim().split("\n").length, 1);
  assert.equal((await done(["inspect", "-f", "{{len .RootFS.Layers}} {{.Os}}", "more:1"])).trim(), "1 linux");
  await done(["rm", "e2"]);
  await done(["rmi", "more:1", "empty:1"]);
});

test("an image of another system is refused, one of none is not", async () => {
  const load = (os: string) => rig.run(["load", "-q"], { input: packed(dockerSave({ layers: [], os })) });
  assert.match((await load("windows")).stderr, /it is for windows, not for Linux/);
  assert.equal((await load("")).code, 0);
});
