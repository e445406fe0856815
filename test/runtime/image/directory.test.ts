import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { hints } from "../../../runtime/image/hints.ts";
import { needs } from "../../rig/host.ts";
import { TINYDOCKER } from "./program.ts";
import { importInto, place, refusal, snapshot } from "./rig.ts";

const root = process.geteuid?.() === 0 ? undefined : "root";

test("a directory that contains the images is refused, also through a symlink", async (context) => {
  const here = await place(context);
  await mkdir(here.root);
  const parent = join(here.root, "..");
  await symlink(parent, join(here.outside, "way"));
  for (const directory of ["/", parent, here.root, join(here.outside, "way")]) {
    const failure = await refusal(importInto(here.root, "self", directory));
    assert.match(failure.message, /it contains tinydocker's own images/);
    assert.equal(existsSync(join(here.root, "images")), false);
  }
});

test("a directory whose name only starts like the state directory's is imported", async (context) => {
  const here = await place(context);
  const near = `${here.root}-of-the-art`;
  await mkdir(near);
  await writeFile(join(near, "file"), "x");
  const { record } = await importInto(here.root, "near", near);
  assert.equal(record.files, 1);
});

test("a file has all of its bytes, whatever its length, and whatever length the kernel tells of one of its own", async (context) => {
  const here = await place(context);
  const tree = join(here.outside, "tree");
  await mkdir(tree);
  for (const length of [0, 1, 65_535, 65_536, 65_537, 300_000])
    await writeFile(join(tree, String(length)), randomBytes(length));
  const { rootfs } = await importInto(here.root, "lengths", tree);
  assert.deepEqual(snapshot(rootfs), snapshot(tree));
  const kernels = await importInto(here.root, "kernels", "/proc/sys/kernel/random");
  assert.equal(
    readFileSync(join(kernels.rootfs, "boot_id"), "utf8"),
    readFileSync("/proc/sys/kernel/random/boot_id", "utf8"),
  );
});

test("symlinks out of the directory are kept, and not followed", async (context) => {
  const here = await place(context);
  const tree = join(here.root, "..", "tree");
  await mkdir(tree);
  await symlink(here.outside, join(tree, "absolute"));
  await symlink("../outside", join(tree, "relative"));
  const { rootfs } = await importInto(here.root, "links", tree);
  const { absolute, relative, ...rest } = snapshot(rootfs);
  assert.deepEqual([absolute?.content, relative?.content], [here.outside, "../outside"]);
  assert.deepEqual(Object.keys(rest), [""]);
});

test("sockets are left out, with a warning", async (context) => {
  const here = await place(context);
  const server = createServer();
  await new Promise<void>((listening) => server.listen(join(here.outside, "socket"), listening));
  const imported = await importInto(here.root, "socket", here.outside);
  await new Promise((closed) => server.close(closed));
  assert.deepEqual(Object.keys(snapshot(imported.rootfs)), ["", "victim"]);
  assert.match(hints(imported).join("\n"), /left out 1 socket: .* \("socket"\)$/m);
});

test("what another file system is mounted over is imported empty", async (context) => {
  if (!needs(context, root)) return;
  const here = await place(context);
  const script = `
    set -e
    mkdir mounted && mount -t tmpfs none mounted && touch mounted/secret bound
    mount --bind mounted/secret bound
    exec "$@"
  `;
  execFileSync("unshare", ["-m", "sh", "-c", script, "sh", ...TINYDOCKER, "image", "import", "mounts", "."], {
    cwd: here.outside,
    env: { ...process.env, TINYDOCKER_ROOT: here.root },
  });
  const nodes = snapshot(join(here.root, "images/mounts/rootfs"));
  assert.deepEqual(Object.keys(nodes), ["", "mounted", "victim"]);
});
