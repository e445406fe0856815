import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { allImages } from "../../../runtime/image/listing.ts";
import { needs } from "../../rig/host.ts";
import { archive, records } from "./archive/archive.ts";
import { TINYDOCKER } from "./program.ts";
import { imagesIn, importInto, place } from "./rig.ts";

const root = process.geteuid?.() === 0 ? undefined : "root";

/** More than fits into the pipe to a child and its buffers: once it is written, the import is working on it. */
const PART = records({ name: "etc/passwd", content: "x" }, { name: "big", content: Buffer.alloc(4_000_000) }).subarray(
  0,
  3_000_000,
);

async function half(state: string): Promise<ChildProcessWithoutNullStreams> {
  const [node = "", ...args] = TINYDOCKER;
  const child = spawn(node, [...args, "image", "import", "half", "-"], {
    env: { ...process.env, TINYDOCKER_ROOT: state },
  });
  child.stdout.resume();
  child.stderr.resume();
  await new Promise((written) => child.stdin.write(PART, written));
  return child;
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  test(`an import that gets ${signal} leaves nothing behind and ends by it`, async (context) => {
    const here = await place(context);
    const child = await half(here.root);
    assert.match(imagesIn(here).join(), /^\.import-/);
    child.kill(signal);
    assert.deepEqual(await once(child, "close"), [null, signal]);
    assert.deepEqual(imagesIn(here), []);
  });
}

const NEXT: Readonly<Record<string, (root: string) => Promise<unknown>>> = {
  import: (root) => importInto(root, "half", archive({ name: "whole", content: "x" })),
  listing: (root) => allImages(root),
};

for (const [what, next] of Object.entries(NEXT)) {
  test(`what a killed import leaves is not an image, and the next ${what} removes it`, async (context) => {
    const here = await place(context);
    const child = await half(here.root);
    child.kill("SIGKILL");
    assert.deepEqual(await once(child, "close"), [null, "SIGKILL"]);
    assert.match(imagesIn(here).join(), /^\.import-\d+-\d+-\w+$/);
    await next(here.root);
    assert.deepEqual(imagesIn(here), what === "import" ? ["half"] : []);
  });
}

test("an import leaves the files of one that is still running alone", async (context) => {
  const here = await place(context);
  const child = await half(here.root);
  await importInto(here.root, "quick", archive({ name: "file", content: "x" }));
  child.stdin.end(Buffer.concat([Buffer.alloc(4_000_000 + 1_536 - PART.length + 256), Buffer.alloc(1_024)]));
  assert.deepEqual(await once(child, "exit"), [0, null]);
  assert.deepEqual(imagesIn(here), ["half", "quick"]);
});

test("of two simultaneous imports under one name, the first to finish stays", async (context) => {
  const here = await place(context);
  const outcomes = await Promise.allSettled(
    ["one", "two"].map((name) => importInto(here.root, "same", archive({ name, content: "x" }))),
  );
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  assert.deepEqual(imagesIn(here), ["same"]);
  const files = readdirSync(join(here.root, "images/same/rootfs"));
  assert.deepEqual(files, [outcomes[0]?.status === "fulfilled" ? "one" : "two"]);
});

test("a full disk is reported, and nothing stays on it", async (context) => {
  if (!needs(context, root)) return;
  const here = await place(context);
  await mkdir(here.root);
  const script = `
    mount -t tmpfs -o size=2m none "$TINYDOCKER_ROOT" || exit 1
    "$@"; echo "exit $?"
    ls -A "$TINYDOCKER_ROOT/images"; df --output=used "$TINYDOCKER_ROOT" | tail -n 1
  `;
  const run = spawnSync("unshare", ["-m", "sh", "-c", script, "sh", ...TINYDOCKER, "image", "import", "big", "-"], {
    env: { ...process.env, TINYDOCKER_ROOT: here.root },
    input: archive({ name: "big", content: Buffer.alloc(4_000_000) }),
    encoding: "utf8",
  });
  assert.match(run.stderr, /can't import standard input as image big: no space left on device/);
  assert.equal(run.stdout.replace(/ +/g, ""), "exit125\n0\n");
});

test("nothing stays on a disk that has no room for more files", async (context) => {
  if (!needs(context, root)) return;
  const here = await place(context);
  await mkdir(here.root);
  const script = `mount -t tmpfs -o nr_inodes=40 none "$TINYDOCKER_ROOT" && "$@"; ls -A "$TINYDOCKER_ROOT/images"`;
  const entries = Array.from({ length: 100 }, (_, index) => ({ name: `${index}`, type: ["5", "6"][index % 2] ?? "" }));
  const run = spawnSync("unshare", ["-m", "sh", "-c", script, "sh", ...TINYDOCKER, "image", "import", "many", "-"], {
    env: { ...process.env, TINYDOCKER_ROOT: here.root },
    input: archive(...entries),
    encoding: "utf8",
  });
  assert.match(run.stderr, /no space left on device/);
  assert.equal(run.stdout, "");
});

test("a state directory that is read-only is named, with what to do", async (context) => {
  if (!needs(context, root)) return;
  const here = await place(context);
  await mkdir(here.root);
  const script = `mount -t tmpfs -o ro none "$TINYDOCKER_ROOT" && "$@"`;
  const run = spawnSync("unshare", ["-m", "sh", "-c", script, "sh", ...TINYDOCKER, "image", "import", "x", "-"], {
    env: { ...process.env, TINYDOCKER_ROOT: here.root },
    input: archive({ name: "file", content: "x" }),
    encoding: "utf8",
  });
  assert.equal(run.status, 125);
  assert.match(run.stderr, /can't import standard input as image x: read-only file system \(/);
  assert.match(run.stderr, /set TINYDOCKER_ROOT to a directory on another file system/);
});

test("a source that does not exist is reported before anything is made", async (context) => {
  const here = await place(context);
  const missing = join(here.outside, "absent.tar");
  await assert.rejects(importInto(here.root, "x", missing), {
    message: `can't read ${missing}: no such file or directory`,
  });
  assert.deepEqual(imagesIn(here), []);
});

test("an archive is read from a named pipe", async (context) => {
  const here = await place(context);
  const fifo = join(here.outside, "fifo");
  execFileSync("mkfifo", [fifo]);
  const writer = spawn("sh", ["-c", `cat > "$0"`, fifo], { stdio: ["pipe", "ignore", "inherit"] });
  writer.stdin.end(archive({ name: "file", content: "x" }));
  const exited = once(writer, "exit");
  const { record } = await importInto(here.root, "piped", fifo);
  assert.equal(record.files, 1);
  await exited;
});
