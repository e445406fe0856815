import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
const disk = join(rig.directory, "disk");
const root = join(disk, "state");
const run = (...words: string[]) => rig.run(words, { env: { TINYDOCKER_ROOT: root, TINYDOCKER_NETWORK: "none" } });

async function succeeds(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...words);
  assert.deepEqual([code, stderr], [0, ""], words.join(" "));
  return stdout;
}

/** With one line that names the disk, and one that says what to do. */
const fails = (errno: string, ...words: string[]) => cannot("store", errno, ...words);

async function cannot(what: string, errno: string, ...words: string[]): Promise<void> {
  const { code, stdout, stderr } = await run(...words);
  assert.deepEqual([code, stdout], [125, ""], words.join(" "));
  assert.match(
    stderr,
    new RegExp(
      `^tinydocker: can't ${what} [^\\n]*${disk}[^\\n]*: ${errno}, [^\\n]*\\n {2}[^\\n]*TINYDOCKER_ROOT[^\\n]*\\n$`,
    ),
  );
}

/** An image with a name of its own, which tag and prune are for. */
async function importStored(): Promise<void> {
  const { code, stderr } = await rig.run(["import", "-", "stored"], {
    env: { TINYDOCKER_ROOT: root },
    input: execFileSync("tar", ["-C", rig.directory, "-c", "--no-recursion", "."]),
  });
  assert.deepEqual([code, stderr], [0, ""]);
}

/** As those that store; they say what they could not do. */
async function refuses(reason: string, what: string, ...words: string[]): Promise<void> {
  const { code, stdout, stderr } = await run(...words);
  assert.deepEqual([code, stdout], [125, ""], words.join(" "));
  assert.match(stderr, new RegExp(`^tinydocker: ${what}[^\\n]*: ${reason}[^\\n]*\\n {2}[^\\n]*${root}[^\\n]*\\n$`));
}

/** By name, without times. */
async function statuses(): Promise<Record<string, string>> {
  const lines = (await succeeds("ps", "-a", "--format", "{{.Names}} {{.Status}}")).trim().split("\n");
  const words = lines.flatMap((line) => /^(\S+) ((?:Up|Created|Exited \(\S+\)))/.exec(line) ?? []);
  return Object.fromEntries(words.flatMap((word, i) => (i % 3 === 1 ? [[word, words[i + 1] ?? ""]] : [])));
}

/** What needs room for something new. */
const MAKING = [
  ["create", "new", "true"],
  ["run", "new", "true"],
  ["run", "-d", "new", "true"],
  ["start", "made"],
  ["rename", "up", "other"],
] as const;
/** What ends a container, to do something else then. */
const ENDING_FIRST = [
  ["restart", "-t", "0", "up"],
  ["rm", "-f", "up"],
] as const;
const BEFORE = { up: "Up", made: "Created", ended: "Exited (0)" };

beforeEach(async () => {
  mkdirSync(disk, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", disk]);
  await succeeds("run", "-d", "up", "sleep", "1000");
  await succeeds("create", "made", "sleep", "1000");
  await succeeds("run", "-d", "ended", "true");
  assert.equal(await succeeds("wait", "ended"), "0\n");
  // Until what it had outside is undone, which makes room.
  await succeeds("stop", "ended");
});

afterEach(async () => {
  await run("rm", "-f", "up", "made", "ended", "new", "other");
  assert.deepEqual(readdirSync(join(root, "locks")), []);
  execFileSync("umount", [disk]);
});

function fill(): void {
  for (const size of [64 << 10, 512]) {
    const fd = openSync(join(disk, `full-${size}`), "w");
    try {
      for (;;) writeSync(fd, Buffer.alloc(size));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
    } finally {
      closeSync(fd);
    }
  }
}

describe("on a full disk", () => {
  it("nothing new begins, what there is can be used, stopped and removed, and ps tells the truth", async () => {
    await importStored();
    fill();
    for (const words of MAKING) await fails("ENOSPC", ...words);
    await cannot("create the volume kept", "ENOSPC", "volume", "create", "kept");
    await refuses("no space left on device", "can't tag the image stored", "tag", "stored", "other");
    assert.deepEqual(readdirSync(join(root, "names")), ["docker.io"]);
    assert.match(await succeeds("image", "prune", "-a"), /^stored:latest\n/);
    assert.deepEqual(await statuses(), BEFORE);
    assert.equal(await succeeds("exec", "up", "echo", "x"), "x\n");
    await succeeds("pause", "up");
    await succeeds("unpause", "up");
    await succeeds("restart", "-t", "0", "up");
    assert.deepEqual(await statuses(), BEFORE);
    await succeeds("stop", "-t", "0", "up");
    assert.deepEqual(await statuses(), { ...BEFORE, up: "Exited (137)" });
    await succeeds("rm", "ended");
    await succeeds("rm", "-f", "up", "made");
    assert.deepEqual(await statuses(), {});
    for (const folder of ["records", "containers", "monitors", "work"])
      assert.deepEqual(readdirSync(join(root, folder)), []);
  });

  it("a container that can't be removed for another reason keeps what it wrote", async () => {
    await succeeds("run", "-d", "new", "sh", "-c", "echo kept >/kept");
    await succeeds("wait", "new");
    await succeeds("stop", "new");
    fill();
    await fails("ENOSPC", "start", "new");
    for (const size of [64 << 10, 512]) rmSync(join(disk, `full-${size}`));
    assert.equal((await statuses())["new"], "Exited (0)");
    assert.deepEqual(readdirSync(join(root, "containers/new")), ["kept"]);
  });
});

describe("in a state directory that can't be written to", () => {
  it("nothing begins, what runs can be used and stopped, and ps tells the truth, also once it can be written to", async () => {
    await importStored();
    await succeeds("volume", "create", "kept");
    execFileSync("mount", ["--bind", disk, disk]);
    execFileSync("mount", ["-o", "remount,bind,ro", disk]);
    try {
      for (const words of MAKING) await fails("EROFS", ...words);
      for (const words of [["rm", "ended"], ...ENDING_FIRST]) await fails("EROFS", ...words);
      await refuses("read-only file system", "can't tag the image stored", "tag", "stored", "other");
      for (const all of [[], ["-a"]])
        await refuses("read-only file system", "can't remove the unused images", "image", "prune", ...all);
      await refuses("read-only file system", "can't write the state directory", "cp", "/etc/hostname", "ended:/x");
      for (const subject of ["volume", "network"]) {
        await cannot(`create the ${subject} new`, "EROFS", subject, "create", "new");
        await cannot(`remove the ${subject} kept`, "EROFS", subject, "rm", "kept");
      }
      assert.deepEqual(await statuses(), BEFORE);
      assert.equal(await succeeds("exec", "up", "echo", "x"), "x\n");
      await succeeds("pause", "up");
      await succeeds("unpause", "up");
      // It ends; what it has outside stays until that can be noted.
      await fails("EROFS", "stop", "-t", "0", "up");
      assert.deepEqual(await statuses(), { ...BEFORE, up: "Exited (137)" });
    } finally {
      execFileSync("umount", [disk]);
    }
    assert.deepEqual(await statuses(), { ...BEFORE, up: "Exited (137)" });
    await succeeds("start", "up", "made");
    assert.deepEqual(await statuses(), { up: "Up", made: "Up", ended: "Exited (0)" });
  });
});
