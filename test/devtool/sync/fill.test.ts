import assert from "node:assert/strict";
import { chmodSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ConnectionLost } from "../../../devtool/failure.ts";
import type { SyncProgress } from "../../../devtool/sync/request.ts";
import type { Connection } from "../../../devtool/targets/target.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { lacks } from "../rig.ts";
import { cutAfter, localConnection, type Places, places, snapshot, syncHere } from "./rig.ts";

/** 1,800 files in folders within folders, one of which is read only, with links and times of their own. */
function makeProject({ root }: Places): void {
  for (let folder = 0; folder < 6; folder += 1) {
    const path = join(root, `outer${folder % 2}/inner${folder}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < 300; file += 1)
      writeFileSync(join(path, `file${file}`), `${folder} ${file} `.repeat(file));
    symlinkSync("file1", join(path, "link"));
    lutimesSync(join(path, "link"), 1, 2);
    utimesSync(join(path, "file1"), 3, 1_000_000_000.25);
    chmodSync(join(path, "file2"), 0o751);
    utimesSync(path, 5, 100_000 + folder);
  }
  chmodSync(join(root, "outer1/inner3"), 0o555);
  writeFileSync(join(root, "top"), "top");
  for (const path of ["outer0", "outer1", "."]) utimesSync(join(root, path), 5, 200_000);
}

/** Counts what is started. */
function counting(): { readonly connection: Connection; readonly started: () => number } {
  let started = 0;
  const connection = localConnection((argv) => {
    if (argv[0] === "rsync") started += 1;
    return argv;
  });
  return { connection, started: () => started };
}

test("a mirror that is new is filled by two receivers side by side, as one would; one that is there is compared by one", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const here = places(join(await temporaryDirectory(t), "deep/er"));
  makeProject(here);
  const first = counting();
  const progress: SyncProgress[] = [];
  const onProgress = (now: SyncProgress) => void progress.push(now);
  const report = await syncHere({ ...here, mayBeNew: true, onProgress }, first.connection);
  assert.deepEqual(snapshot(here.mirror), snapshot(here.root));
  assert.deepEqual([first.started(), report.files, report.sentPaths.length, report.deleted], [2, 1801, 1807, 0]);
  assert.equal(new Set(report.sentPaths).size, report.sentPaths.length);
  assert.deepEqual([report.notices, new Set(report.paths).size], [[], 1815]);
  assert.equal(report.paths.length, 1815);
  assert.ok(report.bytesSent > report.bytesTotal);
  for (const { files, filesTotal } of progress) assert.ok(files <= filesTotal && filesTotal <= 1801);

  writeFileSync(join(here.mirror, "not in the project"), "");
  const again = await syncHere({ ...here, mayBeNew: true });
  assert.deepEqual([again.files, again.deletedPaths], [0, ["not in the project"]]);
  assert.deepEqual(snapshot(here.mirror), snapshot(here.root));
});

test("when one of two receivers is cut off the other ends too, each file is whole, and the next sync completes the mirror", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const here = places(await temporaryDirectory(t));
  makeProject(here);
  const { connection, ended } = cutAfter(100_000);
  await assert.rejects(syncHere({ ...here, mayBeNew: true }, connection), ConnectionLost);
  await ended();
  const [whole, there] = [snapshot(here.root), snapshot(here.mirror)];
  const files = Object.entries(there).filter(([path, line]) => line.startsWith("100") && !path.includes("/."));
  const contentOf = (line: string | undefined) => line?.split(" ").slice(2).join(" ");
  for (const [path, line] of files) assert.equal(contentOf(line), contentOf(whole[path]), path);
  await syncHere({ ...here, mayBeNew: true });
  assert.deepEqual(snapshot(here.mirror), whole);
});

test("nothing is made for a project that has nothing to sync", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const here = places(await temporaryDirectory(t));
  await assert.rejects(syncHere({ ...here, mayBeNew: true }), { code: "project-unreadable" });
  assert.throws(() => snapshot(here.mirror), { code: "ENOENT" });
});
