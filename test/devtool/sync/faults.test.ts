import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { ConnectionLost, Failure } from "../../../devtool/failure.ts";
import type { Connection, RemoteProcess } from "../../../devtool/targets/target.ts";
import fc from "../../rig/fast-check.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { cutAfter, localConnection, type Places, places, snapshot, syncHere } from "./rig.ts";

/**
 * Old and new content of some files: one changed in the middle, one new, one to delete, one that becomes a directory.
 */
function makeOld({ root }: Places): void {
  mkdirSync(join(root, "src"), { recursive: true });
  writeFileSync(join(root, "src/big.txt"), "an old line of text\n".repeat(20_000));
  writeFileSync(join(root, "src/gone.txt"), "old");
  writeFileSync(join(root, "turning"), "old");
}

function makeNew({ root }: Places): void {
  const lines = "an old line of text\n".repeat(20_000).split("\n");
  lines[10_000] = "a new line";
  writeFileSync(join(root, "src/big.txt"), lines.join("\n"));
  writeFileSync(join(root, "src/new.txt"), "new\n".repeat(50_000));
  rmSync(join(root, "src/gone.txt"));
  rmSync(join(root, "turning"));
  mkdirSync(join(root, "turning"));
  writeFileSync(join(root, "turning/inside"), "new");
}

function contents(directory: string): Record<string, string> {
  const files = Object.entries(snapshot(directory)).filter(([, line]) => line.startsWith("100"));
  return Object.fromEntries(files.map(([path]) => [path, readFileSync(join(directory, path), "utf8")]));
}

test("a connection cut after any byte leaves each file old or new, and the next round completes it", async (context) => {
  const directory = await temporaryDirectory(context);
  const whole = places(join(directory, "whole"));
  makeOld(whole);
  await syncHere(whole);
  makeNew(whole);
  // Times take a few bytes more or less.
  const total = (await syncHere(whole)).bytesSent - 50;
  const inside = Array.from({ length: 9 }, (_, i) => Math.floor((total * (i + 1)) / 10));

  for (const bytes of [0, 3, 4, 6, 60, 100, ...inside, total - 1]) {
    const here = places(join(directory, `cut-${bytes}`));
    makeOld(here);
    await syncHere(here);
    const old = contents(here.mirror);
    makeNew(here);
    const fresh = contents(here.root);
    const { connection, ended } = cutAfter(bytes);
    await assert.rejects(syncHere(here, connection), ConnectionLost, `cut after ${bytes} bytes`);
    await ended();
    for (const [path, content] of Object.entries(contents(here.mirror))) {
      assert.ok(
        content === old[path] || content === fresh[path],
        `${path} is incomplete after a cut at ${bytes} bytes`,
      );
    }
    await syncHere(here);
    assert.deepEqual(snapshot(here.mirror), snapshot(here.root));
    rmSync(join(directory, `cut-${bytes}`), { recursive: true });
  }
});

test("an aborted round rejects with the signal's reason and leaves the mirror whole", async (context) => {
  const here = places(await temporaryDirectory(context));
  makeOld(here);
  await syncHere(here);
  makeNew(here);
  const abort = new AbortController();
  const local = localConnection();
  const connection: Connection = {
    ...local,
    async exec(argv, options) {
      const rsync = await local.exec(argv, options);
      rsync.stdout.once("data", () => abort.abort(new Error("a newer save")));
      return rsync;
    },
  };
  await assert.rejects(syncHere(here, connection, abort.signal), /a newer save/);
  await syncHere(here);
  assert.deepEqual(snapshot(here.mirror), snapshot(here.root));
});

/** Calls `act` when rsync, started through this connection, sends its first request, before it is answered. */
function onFirstRequest(act: () => void): Connection {
  const local = localConnection();
  return {
    ...local,
    async exec(argv, options): Promise<RemoteProcess> {
      const rsync = await local.exec(argv, options);
      let chunks = 0;
      const stdout = new PassThrough();
      rsync.stdout.on("data", (chunk: Buffer) => {
        // The first is the handshake.
        if (++chunks === 2) act();
        stdout.write(chunk);
      });
      rsync.stdout.on("end", () => stdout.end());
      return { ...rsync, stdout };
    },
  };
}

test("a file that vanishes before it is read is skipped with a notice", async (context) => {
  const here = places(await temporaryDirectory(context));
  writeFileSync(join(here.root, "stays"), "1");
  writeFileSync(join(here.root, "vanishes"), "2");
  const report = await syncHere(
    here,
    onFirstRequest(() => rmSync(join(here.root, "vanishes"))),
  );
  assert.deepEqual(report.notices, ["vanishes vanished before it was read; skipped"]);
  assert.equal(report.files, 1);
  assert.deepEqual(Object.keys(contents(here.mirror)), ["stays"]);
});

test("a file that grew or shrank since it was listed arrives whole", async (context) => {
  const here = places(await temporaryDirectory(context));
  writeFileSync(join(here.root, "grows"), "1\n".repeat(1000));
  writeFileSync(join(here.root, "shrinks"), "2\n".repeat(100_000));
  const edit = () => {
    appendFileSync(join(here.root, "grows"), "more\n".repeat(100_000));
    truncateSync(join(here.root, "shrinks"), 10);
  };
  await syncHere(here, onFirstRequest(edit));
  assert.deepEqual(contents(here.mirror), contents(here.root));
});

test("a pipe or symlink that replaces a file is neither opened nor followed", async (context) => {
  const here = places(await temporaryDirectory(context));
  writeFileSync(join(here.root, "pipe"), "1");
  writeFileSync(join(here.root, "link"), "2");
  const edit = () => {
    rmSync(join(here.root, "pipe"));
    rmSync(join(here.root, "link"));
    spawnSync("mkfifo", [join(here.root, "pipe")]);
    spawnSync("ln", ["-s", "/etc/passwd", join(here.root, "link")]);
  };
  const report = await syncHere(here, onFirstRequest(edit));
  assert.equal(report.notices.length, 2);
  assert.deepEqual(readdirSync(here.mirror), []);
});

/** A stream of writes to a file, by another process, until the test is over. */
function keepChanging(path: string): { stop(): void } {
  const loop = 'i=0; while :; do i=$((i+1)); printf "%s" "$i" | dd of="$0" conv=notrunc status=none; done';
  const { pid } = spawnDetached(["sh", "-c", loop, path]);
  return { stop: () => process.kill(-pid, "SIGKILL") };
}

function spawnDetached(argv: readonly string[]): { pid: number } {
  const started = spawnSync("sh", ["-c", 'setsid "$@" >/dev/null 2>&1 & echo $!', "sh", ...argv]);
  const pid = Number(started.stdout.toString());
  // 0 would be the test's own process group.
  assert.ok(pid > 1, started.stderr.toString());
  return { pid };
}

test("a file that keeps changing while it is read is skipped, and the target keeps its old content", async (context) => {
  const here = places(await temporaryDirectory(context));
  const path = join(here.root, "busy");
  writeFileSync(path, Buffer.alloc(40_000_000, "a"));
  writeFileSync(join(here.root, "quiet"), "1");
  await syncHere(here);
  const old = readFileSync(join(here.mirror, "busy"));
  const writer = keepChanging(path);
  try {
    writeFileSync(join(here.root, "quiet"), "2");
    const report = await syncHere({ ...here, changed: ["busy", "quiet"] });
    assert.deepEqual(report.notices, ["busy kept changing while it was read; skipped"]);
  } finally {
    writer.stop();
  }
  assert.ok(readFileSync(join(here.mirror, "busy")).equals(old));
  assert.equal(readFileSync(join(here.mirror, "quiet"), "utf8"), "2");
});

/** Runs as a user to whom permissions apply. */
async function asNobody<T>(body: () => Promise<T>): Promise<T> {
  process.setegid?.(65534);
  process.seteuid?.(65534);
  try {
    return await body();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

test("unreadable files and directories are reported, the rest is synced, and nothing is deleted from what could not be read", async (context) => {
  if (!needs(context, process.getuid?.() === 0 ? undefined : "root")) return;
  const directory = await temporaryDirectory(context);
  chmodSync(directory, 0o777);
  const here = places(directory);
  for (const name of ["readable", "secret"]) writeFileSync(join(here.root, name), name);
  mkdirSync(join(here.root, "closed"));
  writeFileSync(join(here.root, "closed/inside"), "1");
  await asNobody(() => syncHere(here));
  chmodSync(join(here.root, "secret"), 0);
  writeFileSync(join(here.root, "secret"), "changed");
  chmodSync(join(here.root, "closed"), 0);
  writeFileSync(join(here.root, "readable"), "new");
  await assert.rejects(
    asNobody(() => syncHere(here)),
    (error) =>
      error instanceof Failure &&
      /closed: permission denied/.test(error.message) &&
      /secret: permission denied/.test(error.message),
  );
  assert.equal(readFileSync(join(here.mirror, "readable"), "utf8"), "new");
  assert.ok(existsSync(join(here.mirror, "closed/inside")));
});

test("a mirror that can't be written is a Failure with rsync's message and a remedy", async (context) => {
  if (!needs(context, process.getuid?.() === 0 ? undefined : "root")) return;
  const directory = await temporaryDirectory(context);
  chmodSync(directory, 0o755);
  const here = places(directory);
  writeFileSync(join(here.root, "file"), "1");
  mkdirSync(here.mirror);
  await assert.rejects(
    asNobody(() => syncHere(here)),
    (error) =>
      error instanceof Failure &&
      /rsync on the target: .*exit code 23/.test(error.message) &&
      /Permission denied/.test(error.message) &&
      error.remedy !== undefined,
  );
});

test("a mirror whose folder can't be made is refused by its path, with why and what to name in its place", async (context) => {
  const here = places(await temporaryDirectory(context));
  writeFileSync(join(here.root, "file"), "1");
  const mirror = join(here.root, "file/mirror/x");
  const refused = {
    code: "mirror-invalid",
    exitCode: 2,
    remedy: "name another folder: mirror, in the target's settings",
  };
  const message = `can't make or change the mirror ${mirror} on the target: ${join(here.root, "file")} is not a directory`;
  for (const isDryRun of [false, true])
    await assert.rejects(syncHere({ ...here, mirror, isDryRun }), { ...refused, message });
  writeFileSync(here.mirror, "");
  await assert.rejects(syncHere(here), { ...refused, message: new RegExp(`: ${here.mirror} is not a directory$`) });
});

test("a dry run refuses a mirror that the login user can't make, as the sync does, and makes nothing", async (context) => {
  if (!needs(context, process.getuid?.() === 0 ? undefined : "root")) return;
  const directory = await temporaryDirectory(context);
  chmodSync(directory, 0o755);
  const here = places(directory);
  writeFileSync(join(here.root, "file"), "1");
  const mirror = join(directory, "mirrors/x");
  const nobody = localConnection((argv) => ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...argv]);
  const refused = { code: "mirror-unwritable", exitCode: 2, remedy: /make the mirror writable for the login user/ };
  const message = new RegExp(
    `^can't make or change the mirror ${mirror} on the target: the login user may not write to ${directory}$`,
  );
  for (const isDryRun of [false, true])
    await assert.rejects(syncHere({ ...here, mirror, isDryRun }, nobody), { ...refused, message });
  assert.deepEqual(readdirSync(directory), ["project"]);
});

test("a dry run refuses a mirror on a read-only file system, also one that is there already, unless nothing would change", async (context) => {
  const here = places(await temporaryDirectory(context));
  writeFileSync(join(here.root, "file"), "1");
  await syncHere(here);
  const mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && "$@"';
  const probe = spawnSync("unshare", ["-m", "sh", "-c", mount, here.mirror, "true"]);
  if (!needs(context, probe.status === 0 ? undefined : "mount namespaces")) return;
  const readOnly = localConnection((argv) => ["unshare", "-m", "sh", "-c", mount, here.mirror, ...argv]);
  assert.deepEqual((await syncHere({ ...here, isDryRun: true }, readOnly)).sentPaths, []);
  writeFileSync(join(here.root, "file"), "changed");
  const refused = { code: "mirror-unwritable", remedy: /^set a folder on a writable file system/ };
  for (const mirror of [here.mirror, join(here.mirror, "further/one")]) {
    const why = new RegExp(`mirror ${mirror} on the target: ${here.mirror} is on a read-only file system$`);
    const dry = { ...here, mirror, isDryRun: true };
    await assert.rejects(syncHere(dry, readOnly), { ...refused, exitCode: 2, message: why });
    await assert.rejects(syncHere({ ...here, mirror }, readOnly), { ...refused, message: /[Rr]ead-only/ });
  }
});

test("a full disk on the target is reported as a Failure, and leaves the old file", async (context) => {
  const directory = await temporaryDirectory(context);
  const here = places(directory);
  mkdirSync(here.mirror);
  const mount = `mount -t tmpfs -o size=2m none "$0" && printf old > "$0/file" && "$@"; code=$?; cat "$0/file" >&2; exit $code`;
  const probe = spawnSync("unshare", ["-m", "sh", "-c", mount, here.mirror, "true"]);
  if (!needs(context, probe.status === 0 ? undefined : "mount namespaces")) return;
  writeFileSync(join(here.root, "file"), Buffer.alloc(8_000_000, "new"));
  const small = localConnection((argv) => ["unshare", "-m", "sh", "-c", mount, here.mirror, ...argv]);
  await assert.rejects(syncHere(here, small), (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.match(error.message, /an error in file I\/O \(exit code 11\)[\s\S]*No space left on device/);
    assert.match(error.message, /\n {2}old$/, "the old file is still there");
    assert.match(error.remedy ?? "", /^free some space on the target, or set another folder/);
    return true;
  });
});

test("a target without rsync is a Failure with its remedy", async (context) => {
  const here = places(await temporaryDirectory(context));
  mkdirSync(here.mirror);
  writeFileSync(join(here.root, "file"), "1");
  const shell = localConnection(() => ["sh", "-c", "PATH=/nonexistent; rsync --server"]);
  await assert.rejects(
    syncHere(here, shell),
    (error) => error instanceof Failure && /no rsync/.test(error.message) && /provision/.test(error.remedy ?? ""),
  );
});

test("what a login shell prints before rsync's handshake is recognized and reported", async (context) => {
  const here = places(await temporaryDirectory(context));
  writeFileSync(join(here.root, "file"), "1");
  const noisy = localConnection((argv) => ["sh", "-c", 'echo "Welcome to the machine"; exec "$@"', "sh", ...argv]);
  await assert.rejects(
    syncHere(here, noisy),
    (error) =>
      error instanceof Failure &&
      /prints "Welcome to the machine"/.test(error.message) &&
      /bashrc/.test(error.remedy ?? ""),
  );
});

test("an rsync that only speaks an older protocol is refused with both versions", async (context) => {
  const here = places(await temporaryDirectory(context));
  mkdirSync(here.mirror);
  writeFileSync(join(here.root, "file"), "1");
  const old = localConnection(() => ["sh", "-c", String.raw`printf '\035\000\000\000'; cat >/dev/null`]);
  await assert.rejects(
    syncHere(here, old),
    (error) => error instanceof Failure && /protocol 29.*30 to 31/.test(error.message),
  );
});

/** A target whose rsync sends exactly these bytes. */
function answering(bytes: Buffer): Connection {
  const local = localConnection();
  return {
    ...local,
    exec: () => {
      const stdin = new PassThrough();
      stdin.resume();
      const stdout = new PassThrough();
      stdout.end(bytes);
      const stderr = new PassThrough();
      stderr.end();
      const exited = Promise.resolve({ code: 12, signal: null });
      return Promise.resolve({ stdin, stdout, stderr, exited, kill: () => undefined, resize: () => undefined });
    },
  };
}

test("whatever a target answers, a round ends, with a Failure if the answer is not valid rsync protocol", async (context) => {
  const here = places(await temporaryDirectory(context));
  writeFileSync(join(here.root, "file"), "content");
  // Protocol 31, lists by directory and the like granted, a seed: then anything, much of it as data.
  const greeting = Buffer.from("1f0000002900000000", "hex");
  const frame = fc.tuple(fc.constantFrom(7, 7, 7, 8, 10, 93, 108, 109), fc.uint8Array({ maxLength: 60 }));
  const frames = fc
    .array(frame)
    .map((all) =>
      Buffer.concat(
        all.flatMap(([kind, payload]) => [Buffer.from([payload.length, 0, 0, kind]), Buffer.from(payload)]),
      ),
    );
  const anything = fc.oneof(
    frames,
    fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(anything, fc.boolean(), async (bytes, isGreeted) => {
      const answer = isGreeted ? Buffer.concat([greeting, bytes]) : bytes;
      try {
        await syncHere(here, answering(answer));
      } catch (error) {
        assert.ok(error instanceof Failure, error instanceof Error ? error.stack : String(error));
      }
    }),
    { numRuns: 400 },
  );
});
