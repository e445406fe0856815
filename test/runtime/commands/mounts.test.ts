import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { traces } from "../../rig/leaks.ts";
import { importBusybox, type Outcome, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const clean = traces(rig.root, "c1");
const sh = (script: string, ...options: string[]): Promise<Outcome> =>
  rig.run(["run", "--image", "box", ...options, "c1", "sh", "-c", script]);
const printed = async (script: string, ...options: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sh(script, ...options);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout.trimEnd();
};
/** A directory of the host with one file of that content. */
const shared = (name: string) => {
  const directory = join(rig.directory, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "file"), `${name}\n`);
  return directory;
};

describe("mounts", () => {
  it("below each other are all seen, in whatever order they are given", async () => {
    const mounts = ["-v", `${shared("sub")}:/d/sub`, "-v", `${shared("base")}:/d`];
    assert.equal(await printed("cat /d/file /d/sub/file", ...mounts), "base\nsub");
    assert.equal(await printed("cat /d/file /d/sub/file", ...mounts.slice(2), ...mounts.slice(0, 2)), "base\nsub");
  });

  it("of one destination are refused before anything is made", async () => {
    const { code, stdout, stderr } = await sh("true", "-v", `${shared("a")}:/d`, "-v", `${shared("b")}:/d/`);
    assert.deepEqual([code, stdout], [125, ""]);
    assert.match(stderr, /two mounts have the destination \/d, and only one could be seen\n {2}leave one/);
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  it("of what each container must have for itself are refused with words", async () => {
    for (const destination of ["/proc", "/dev", "/dev/pts", "/dev/stdout"]) {
      const { code, stderr } = await sh("true", "-v", `${shared("x")}:${destination}`);
      assert.equal(code, 125);
      assert.match(
        stderr,
        /^tinydocker: can't mount "[^\n]*": [^\n]*a container[^\n]*\n {2}choose another destination/,
      );
    }
    assert.deepEqual(readdirSync(shared("x")), ["file"]);
  });

  it("with docker's words for labels and caches are made", async () => {
    assert.equal(await printed("cat /d/file", "-v", `${shared("z")}:/d:ro,z`), "z");
    assert.match((await sh("touch /d/x", "-v", `${shared("z")}:/d:Z,ro`)).stderr, /Read-only file system/);
  });
});

describe("a mount of a device directory or a device", () => {
  it("of the host's /dev has the devices of every container, its own terminals, and no other device that works", async () => {
    const before = readdirSync("/dev").sort();
    assert.equal(await printed("echo x >/dev/null; head -c 3 /dev/zero | wc -c", "-v", "/dev:/dev"), "3");
    assert.equal(await printed("echo $(ls /dev/pts)", "-v", "/dev:/dev"), "ptmx");
    assert.equal(await printed("exec 5<>/dev/ptmx; echo $(ls /dev/pts)", "-v", "/dev:/dev"), "0 ptmx");
    assert.match((await sh(`cat <${otherDevice()}`, "-v", "/dev:/dev")).stderr, /Permission denied/);
    assert.equal(await printed("echo x >/dev/null", "-v", "/dev:/dev:ro"), "");
    assert.deepEqual(readdirSync("/dev").sort(), before);
  });

  it("of one that every container has can take the place of another", async () => {
    const numbers = await printed(
      "stat -c %t:%T /dev/random; head -c 3 /dev/random | wc -c",
      "-v",
      "/dev/urandom:/dev/random",
    );
    assert.equal(numbers, "1:9\n3");
  });

  it("of memory shared with the host works", async () => {
    const name = `tinydocker-test.${process.pid}`;
    assert.equal(
      await printed(`echo x >/dev/shm/${name} && rm /dev/shm/${name}; ls -d /dev/mqueue`, "-v", "/dev/shm:/dev/shm"),
      "/dev/mqueue",
    );
  });
});

/** A device of this machine that no container has. */
function otherDevice(): string {
  const own = ["null", "zero", "full", "random", "urandom", "tty", "ptmx"];
  const found = readdirSync("/dev", { withFileTypes: true }).find(
    (entry) => (entry.isCharacterDevice() || entry.isBlockDevice()) && !own.includes(entry.name),
  );
  assert.ok(found);
  return join("/dev", found.name);
}
