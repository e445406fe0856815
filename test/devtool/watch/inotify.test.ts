import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isSettled } from "../../../devtool/process/settled.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { watched } from "./rig.ts";

/** The inotify watches of this process. */
function inotifyWatches(): number {
  const files = readdirSync("/proc/self/fdinfo").map((fd) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
    } catch {
      return ""; // the one that listed the directory
    }
  });
  return files.join("").match(/^inotify wd:/gm)?.length ?? 0;
}

test("a folder takes one inotify watch, however many files are in it, and gives it back", async (t) => {
  const before = inotifyWatches();
  const files = Array.from({ length: 300 }, (_, i) => [`src/${i % 3}/${i}.ts`, "1"]);
  const { root, reported, write } = await watched(t, Object.fromEntries(files) as Record<string, string>);
  assert.equal(inotifyWatches() - before, 4);
  await rm(join(root, "src/2"), { recursive: true });
  await reported("src/2/2.ts", "src/2/299.ts");
  await write("src/0/0.ts", "2");
  await reported("src/0/0.ts");
  assert.equal(inotifyWatches() - before, 3);
});

test("a file is found to have changed without being told of it", async (t) => {
  const before = inotifyWatches();
  const { root, write, reported } = await watched(t, { "src/a.ts": "1", "src/deep/b.ts": "1" }, true);
  assert.equal(inotifyWatches(), before);
  await write("src/deep/b.ts", "2");
  await reported("src/deep/b.ts");
  await write("src/new/c.ts", "1");
  await reported("src/new/c.ts");
  await rm(join(root, "src/a.ts"));
  await reported("src/a.ts");
});

test("a name that is not UTF-8 is reported as its bytes", async (t) => {
  const { root, next } = await watched(t, { "src/a.ts": "1" });
  const name = Buffer.concat([Buffer.from(join(root, "src/")), Buffer.from([0xff, 0x61])]);
  await writeFile(name, "1");
  while (!(await next())?.includes("src/\xffa"));
  await writeFile(name, "2");
  while (!(await next())?.includes("src/\xffa"));
});

test("a folder whose event the system dropped is watched too", async (t) => {
  const { root, next, write } = await watched(t, { "src/a.ts": "1" });
  const limit = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "utf8"));
  // While this blocks the process, no event is read.
  for (let i = 0; i < limit; i++) writeFileSync(join(root, `src/${i}.ts`), "1");
  mkdirSync(join(root, "src/late"));
  writeFileSync(join(root, "src/late/a.ts"), "1");
  // Those it told of, and those it dropped.
  assert.deepEqual([await next(), await next()], [null, null]);
  await write("src/late/a.ts", "2");
  while (!(await next())?.includes("src/late/a.ts"));
});

test("a file system that is mounted over a folder is found without an event, and saves in it are reported", async (t) => {
  if (!needs(t, process.getuid?.() === 0 ? undefined : "root, to mount")) return;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { root, next, write } = await watched(t, { "src/disk/a.ts": "1" });
  const disk = join(root, "src/disk");
  const mounted = spawnSync("mount", ["-t", "tmpfs", "none", disk]);
  if (!needs(t, mounted.status === 0 ? undefined : "mounts")) return;
  try {
    await write("src/disk/b.ts", "1");
    for (const what of ["the mount", "a save"]) {
      const found = next();
      while (!(await isSettled(found))) t.mock.timers.tick(30_000);
      assert.ok((await found)?.includes("src/disk/b.ts"), what);
      await write("src/disk/b.ts", "2");
    }
  } finally {
    spawnSync("umount", [disk]);
  }
});

for (const [limit, value, code] of [
  ["max_inotify_watches", 1, "ENOSPC"],
  ["max_inotify_instances", 0, "EMFILE"],
] as const) {
  test(`at the system's limit (${code}) watching fails with what to do about it`, async (t) => {
    const root = await temporaryDirectory(t);
    await mkdir(join(root, "src"));
    const watcher = join(import.meta.dirname, "../../../devtool/watch/watch.ts");
    const program = `
      const { Watcher } = await import(${JSON.stringify(watcher)});
      const relevance = { matters: () => true, prunes: () => false };
      const watcher = new Watcher({ root: ${JSON.stringify(root)}, relevance, onChange() {}, onError() {} });
      await watcher.add(["."]).catch(({ code, message, remedy }) => console.log(code, message, remedy));
      await watcher.close();`;
    const script = `echo ${value} >/proc/sys/user/${limit} && exec "$@"`;
    const node = [process.execPath, "--import", import.meta.resolve("tsx"), "--input-type=module", "-e", program];
    const ran = spawnSync("unshare", ["-Ur", "sh", "-c", script, "sh", ...node], { encoding: "utf8" });
    if (!needs(t, ran.stderr.includes("unshare") ? "user namespaces" : undefined)) return;
    assert.match(ran.stdout, new RegExp(`^watch-limit .*\\(${code}\\) raise it: .*sysctl`), ran.stderr);
  });
}

test("folders that are new when the system's limit is reached are looked at again and again, and all others are heard of", async (t) => {
  const root = await temporaryDirectory(t);
  await mkdir(join(root, "src"));
  const watcher = join(import.meta.dirname, "../../../devtool/watch/watch.ts");
  const program = `
    const { mkdirSync, writeFileSync } = await import("node:fs");
    const { Watcher } = await import(${JSON.stringify(watcher)});
    process.chdir(${JSON.stringify(root)});
    const relevance = { matters: (path) => path.endsWith(".ts"), prunes: () => false };
    let limits = 0;
    let wanted;
    let onFound = () => {};
    const found = (path) => new Promise((resolve) => { [wanted, onFound] = [path, resolve]; });
    const onChange = ({ paths }) => { if (paths === null || paths.includes(wanted)) onFound(); };
    const onError = (error) => { throw error; };
    const watcher = new Watcher({ root: ".", relevance, onChange, onError, onLimit: () => { limits += 1; } });
    await watcher.add(["."]);
    const write = async (path) => { const seen = found(path); writeFileSync(path, String(Math.random())); await seen; };
    mkdirSync("src/new/deep", { recursive: true });
    for (const path of ["src/new/deep/a.ts", "src/new/deep/a.ts", "src/b.ts", "src/new/c.ts"]) await write(path);
    console.log("all found", limits);
    await watcher.close();`;
  const script = 'echo 2 >/proc/sys/user/max_inotify_watches && exec "$@"';
  const node = [process.execPath, "--import", import.meta.resolve("tsx"), "--input-type=module", "-e", program];
  const ran = spawnSync("unshare", ["-Ur", "sh", "-c", script, "sh", ...node], { encoding: "utf8", timeout: 60_000 });
  if (!needs(t, ran.stderr.includes("unshare") ? "user namespaces" : undefined)) return;
  assert.equal(ran.stdout, "all found 2\n", ran.stderr);
});
