import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { outcomeOf } from "../../../rig/tinydocker.ts";
import { detachedRig } from "../../container/detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds } = rig;
const at = (name: string) => join(rig.directory, name);

describe("export -o, and save -o by the same function,", () => {
  before(async () => {
    await succeeds("create", "--image", "box", "--network", "none", "c1", "true");
    const input = execFileSync("tar", ["-C", rig.directory, "-c", "rootfs/etc"]);
    assert.equal((await rig.run(["import", "-", "stored"], { input })).code, 0);
  });
  after(() => rig.run(["rm", "-f", "c1"]));

  it("writes to a device, and leaves it where it is", async () => {
    execFileSync("mknod", [at("null"), "c", "1", "3"]);
    await succeeds("export", "-o", at("null"), "c1");
    assert.ok(lstatSync(at("null")).isCharacterDevice());
  });

  it("writes to a pipe, from which the archive can be read", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    const reader = outcomeOf(spawn("sh", ["-c", 'cat "$1" >"$2" && tar tf "$2"', "sh", at("pipe"), at("piped.tar")]));
    await succeeds("export", "-o", at("pipe"), "c1");
    assert.match((await reader).stdout, /^\.?\/?bin\/busybox$/m);
  });

  it("replaces the file that a link leads to, and not the link", async () => {
    writeFileSync(at("file"), "before");
    symlinkSync("file", at("link"));
    await succeeds("export", "-o", at("link"), "c1");
    assert.ok(lstatSync(at("link")).isSymbolicLink());
    assert.equal(readFileSync(at("file")).subarray(257, 262).toString(), "ustar");
  });

  it("refuses a directory", async () => {
    mkdirSync(at("folder"));
    const { code, stderr } = await rig.run(["export", "-o", at("folder"), "c1"]);
    const [message] = stderr.split("\n");
    assert.deepEqual([code, message], [125, `tinydocker: can't write to ${at("folder")}: it is a directory`]);
  });

  it("says why a place can't be written, and what to do", async () => {
    writeFileSync(at("plain"), "");
    for (const [output, why] of [
      ["/dev/full", "ENOSPC, no space left on device\n  free some space there\n"],
      [at("none/x"), `ENOENT, no such file or directory\n  make the directory first: mkdir -p ${at("none")}\n`],
      [at("plain/x"), "ENOTDIR, not a directory\n  name another place for it\n"],
    ] as const)
      for (const words of [
        ["export", "-o", output, "c1"],
        ["save", "-o", output, "stored"],
      ])
        assert.deepEqual(await rig.run(words), {
          code: 125,
          signal: null,
          stdout: "",
          stderr: `tinydocker: can't write ${output}: ${why}`,
        });
  });
});
