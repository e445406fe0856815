import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ConnectionLost, Failure } from "../../../devtool/failure.ts";
import { type PullReport, type PullRequest, pull } from "../../../devtool/sync/pull.ts";
import type { Connection } from "../../../devtool/targets/target.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { lacks } from "../rig.ts";
import { localConnection, type Places, places, snapshot } from "./rig.ts";

/** A project and a mirror with these files. */
async function made(t: TestContext, there: Readonly<Record<string, string>>): Promise<Places> {
  const made = places(await temporaryDirectory(t));
  mkdirSync(made.mirror);
  for (const [path, text] of Object.entries(there)) write(made.mirror, path, text);
  return made;
}

function write(folder: string, path: string, text: string | Buffer, time = 1_700_000_000): void {
  mkdirSync(join(folder, path, ".."), { recursive: true });
  writeFileSync(join(folder, path), text);
  utimesSync(join(folder, path), time, time);
}

function bring(
  request: Places & Partial<PullRequest>,
  connection: Connection = localConnection(),
  signal = new AbortController().signal,
): Promise<PullReport> {
  return pull(connection, { paths: ["out"], ...request }, signal);
}

const hasRsync = (t: TestContext) => needs(t, lacks("rsync"));

test("what is newer here is left and named, with force it is replaced, and a second pull brings nothing", async (t) => {
  if (!hasRsync(t)) return;
  const at = await made(t, { "out/a": "there", "out/b": "there", "src/c": "there" });
  write(at.root, "out/a", "here", 1_800_000_000);
  const first = await bring(at);
  assert.deepEqual([first.brought, first.newer], [["out/b"], ["out/a"]]);
  assert.equal(readFileSync(join(at.root, "out/a"), "utf8"), "here");
  assert.ok(!existsSync(join(at.root, "src")));
  assert.deepEqual((await bring({ ...at, mayReplace: true })).brought, ["out/a"]);
  assert.deepEqual((await bring(at)).brought, []);
  assert.deepEqual(readdirSync(at.root), ["out"]);
});

test("a second pull brings nothing, whatever fractions of a second the times have", async (t) => {
  if (!hasRsync(t)) return;
  const at = await made(t, {});
  mkdirSync(join(at.mirror, "out"));
  for (let fraction = 0; fraction < 1_000_000_000; fraction += 1_234_567)
    execFileSync("touch", [
      "-d",
      `@1700000000.${String(fraction).padStart(9, "0")}`,
      join(at.mirror, `out/${fraction}`),
    ]);
  assert.equal((await bring(at)).brought.length, 811);
  assert.deepEqual((await bring(at)).brought, []);
});

test("a dry run names what would be brought, and writes nothing", async (t) => {
  if (!hasRsync(t)) return;
  const at = await made(t, { "out/a": "there", "out/sub/b": "there" });
  assert.deepEqual((await bring({ ...at, isDryRun: true })).brought, ["out/a", "out/sub/b"]);
  assert.deepEqual(readdirSync(at.root), []);
});

test("of a large file that changed in one place, little is received", async (t) => {
  if (!hasRsync(t)) return;
  const text = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) % 251));
  const at = await made(t, {});
  write(at.root, "out/large", text, 1_600_000_000);
  const changed = Buffer.concat([text.subarray(0, 150_000), Buffer.from("changed"), text.subarray(150_001)]);
  write(at.mirror, "out/large", changed);
  const { bytesReceived } = await bring(at);
  assert.ok(readFileSync(join(at.root, "out/large")).equals(changed));
  assert.ok(bytesReceived < 5_000, `${bytesReceived} bytes`);
});

test("more files than may be on their way at once all come, also those of many sizes", async (t) => {
  if (!hasRsync(t)) return;
  const files = Array.from({ length: 300 }, (_, i) => [`out/${i % 7}/${i}`, "x".repeat((i * 7919) % 200_000)] as const);
  const at = await made(t, Object.fromEntries(files));
  assert.equal((await bring(at)).brought.length, 300);
  for (const [path, text] of files) assert.equal(readFileSync(join(at.root, path), "utf8"), text);
});

test("a path that is not there is refused by name, before anything is written", async (t) => {
  if (!hasRsync(t)) return;
  const at = await made(t, { "out/a": "there" });
  await assert.rejects(bring({ ...at, paths: ["out", "gone"] }), { code: "not-in-mirror", message: /^gone: / });
  await assert.rejects(bring({ ...at, mirror: `${at.mirror}/none` }), { code: "not-in-mirror" });
  assert.deepEqual(readdirSync(at.root), []);
});

test("nothing is written through a link that is here, and a file is no folder's, a folder no file's place", async (t) => {
  if (!hasRsync(t)) return;
  const at = await made(t, { "out/link/a": "there", "out/file/a": "there", "out/folder": "there", "out/fine": "" });
  const outside = await temporaryDirectory(t);
  mkdirSync(join(at.root, "out/folder"), { recursive: true });
  symlinkSync(outside, join(at.root, "out/link"));
  write(at.root, "out/file", "here");
  const { brought, unbrought } = await bring(at);
  assert.deepEqual(brought, ["out/fine"]);
  assert.deepEqual([...unbrought].sort(), [
    "out/file: a file is in the folder's place",
    "out/folder: a folder is in its place",
    "out/link: a symbolic link is in the folder's place",
  ]);
  assert.deepEqual(readdirSync(outside), []);
});

test("nothing is written through a folder that becomes a link while its files are received", async (t) => {
  if (!hasRsync(t)) return;
  const at = await made(t, { "out/a": "there", "out/sub/a": "there".repeat(50_000) });
  const outside = await temporaryDirectory(t);
  mkdirSync(join(at.root, "out/sub"), { recursive: true });
  const replace = () => {
    rmdirSync(join(at.root, "out/sub"));
    symlinkSync(outside, join(at.root, "out/sub"));
  };
  const { brought, unbrought } = await bring(at, calling(replace, 20_000));
  assert.deepEqual([brought, unbrought], [["out/a"], ["out/sub/a: out/sub is a symbolic link here"]]);
  assert.deepEqual(readdirSync(outside), []);
});

/** Once so many bytes have arrived. */
function calling(act: () => void, afterBytes: number): Connection {
  const local = localConnection();
  return {
    ...local,
    exec: async (argv, options) => {
      const rsync = await local.exec(argv, options);
      const push = rsync.stdout.push.bind(rsync.stdout);
      let left = afterBytes;
      rsync.stdout.push = (chunk: Buffer | null) => {
        const before = left;
        left -= chunk?.length ?? 0;
        if (before > 0 && left <= 0) act();
        return push(chunk);
      };
      return rsync;
    },
  };
}

test("what is here and can't be read or written is left and said, and the rest is brought", async (t) => {
  if (!needs(t, lacks("rsync") ?? (process.getuid?.() === 0 ? undefined : "root"))) return;
  const at = await made(t, { "out/a": "there", "out/b": "there", "unread/c": "there", "fine/d": "there" });
  for (const folder of ["out", "unread"]) mkdirSync(join(at.root, folder));
  chmodSync(join(at.root, "unread"), 0);
  for (const path of [at.root, join(at.root, "unread")]) chownSync(path, NOBODY, NOBODY);
  chmodSync(join(at.root, ".."), 0o755);
  process.seteuid?.(NOBODY);
  const report = await bring({ ...at, paths: ["out", "unread", "fine"] }).finally(() => process.seteuid?.(0));
  assert.deepEqual(report.brought, ["fine/d"]);
  assert.deepEqual([...report.unbrought].sort(), [
    "out/a: it can't be written here: permission denied (EACCES)",
    "out/b: it can't be written here: permission denied (EACCES)",
    "unread/c: what is here can't be read: permission denied (EACCES)",
  ]);
});

const NOBODY = 65_534;

test("a pipe there, and a link that leads out, are skipped and said; a link within replaces what is here", async (t) => {
  if (!hasRsync(t)) return;
  const at = await made(t, { "out/a": "there" });
  execFileSync("mkfifo", [join(at.mirror, "out/pipe")]);
  symlinkSync("/etc", join(at.mirror, "out/etc"));
  symlinkSync("a", join(at.mirror, "out/b"));
  write(at.root, "out/b", "here");
  const { brought, notices } = await bring(at);
  assert.deepEqual(brought, ["out/b", "out/a"]);
  assert.equal(notices.length, 2);
  assert.ok(lstatSync(join(at.root, "out/b")).isSymbolicLink());
});

for (const [kind, path] of [
  ["a file", "out/secret"],
  ["a folder", "out/secret/b"],
] as const) {
  test(`${kind} that can't be read there is named with rsync's reason, and the others are brought`, async (t) => {
    if (!needs(t, lacks("rsync", "setpriv") ?? (process.getuid?.() === 0 ? undefined : "root"))) return;
    const at = await made(t, { "out/a": "there", [path]: "there" });
    execFileSync("chmod", ["0700", join(at.mirror, "out/secret")]);
    execFileSync("chmod", ["0755", join(at.mirror, "..")]);
    const asNobody = localConnection((argv) => [
      "setpriv",
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      ...argv,
    ]);
    await assert.rejects(bring(at, asNobody), (error) => {
      assert.ok(error instanceof Failure);
      assert.match(error.message, /out\/secret.*Permission denied/s);
      assert.match(error.remedy ?? "", /read it there/);
      return true;
    });
    assert.equal(readFileSync(join(at.root, "out/a"), "utf8"), "there");
    assert.ok(!existsSync(join(at.root, path)));
    const { unbrought } = await bring({ ...at, isDryRun: true }, asNobody);
    assert.equal(unbrought.length, kind === "a folder" ? 1 : 0);
  });
}

test("a connection that is cut anywhere leaves each file the old or the new one, and nothing else", async (t) => {
  if (!hasRsync(t)) return;
  const there = { "out/a": "new a".repeat(5_000), "out/b": "new b".repeat(5_000), "out/c": "new c" };
  const at = await made(t, there);
  const old = { "out/a": "old a", "out/b": "old b".repeat(900) };
  let cuts = 0;
  for (let after = 0; after < 52_000; after += 2_500) {
    for (const [path, text] of Object.entries(old)) write(at.root, path, text, 1_600_000_000);
    execFileSync("rm", ["-f", join(at.root, "out/c")]);
    await assert.rejects(bring(at, cutFrom(after)), ConnectionLost);
    cuts++;
    const now = snapshot(at.root);
    assert.deepEqual(
      Object.keys(now).filter((path) => !["", "out"].includes(path) && !(path in there)),
      [],
    );
    for (const [path, text] of Object.entries(there)) {
      const found = existsSync(join(at.root, path)) ? readFileSync(join(at.root, path), "utf8") : undefined;
      assert.ok(found === text || found === (old as Record<string, string>)[path], `${path} after ${after} bytes`);
    }
  }
  assert.ok(cuts > 10);
});

/** Of what rsync writes, only the first bytes arrive. */
function cutFrom(bytes: number): Connection {
  const local = localConnection();
  return {
    ...local,
    exec: async (argv, options) => {
      const rsync = await local.exec(argv, options);
      const lost = new ConnectionLost("the connection was cut");
      const { promise, reject } = withRejection();
      let left = bytes;
      const push = rsync.stdout.push.bind(rsync.stdout);
      rsync.stdout.push = (chunk: Buffer | null) => {
        if (chunk === null || left <= 0) return push(null);
        const now = chunk.subarray(0, left);
        left -= now.length;
        const more = push(now);
        if (left > 0) return more;
        rsync.kill("SIGKILL");
        reject(lost);
        return push(null);
      };
      if (left === 0) reject(lost);
      return { ...rsync, exited: Promise.race([promise, rsync.exited.then(() => Promise.reject(lost))]) };
    },
  };
}

function withRejection(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<never>((_, no) => {
    reject = no;
  });
  promise.catch(() => {});
  return { promise, reject };
}
