import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync, truncateSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createFilter } from "../../../devtool/ignore/filter.ts";
import { type Comparison, serverCommand, startServer } from "../../../devtool/sync/server.ts";
import { sync } from "../../../devtool/sync/sync.ts";
import { temporaryDirectory } from "../../rig/host.ts";
import { localConnection, places, syncHere } from "./rig.ts";

/** A mirror with the file a, which then changed, and a server for the round that follows. */
async function before(context: TestContext, comparison: Comparison) {
  const { root, mirror } = places(await temporaryDirectory(context));
  writeFileSync(join(root, "a"), "old");
  await syncHere({ root, mirror });
  writeFileSync(join(root, "a"), "new");
  let started = 0;
  const connection = localConnection((argv) => {
    started += 1;
    return argv;
  });
  const ahead = startServer(connection, serverCommand({ mirror }, comparison));
  const rsync = await ahead.process;
  const abort = new AbortController();
  const round = (changed: string[]) =>
    sync(connection, { root, mirror, filter: createFilter({}), changed }, abort.signal, ahead);
  return {
    rsync,
    round,
    abort,
    root,
    mirror,
    mirrored: () => readFileSync(join(mirror, "a"), "utf8"),
    started: () => started,
  };
}

test("a watch round talks to the server that was started ahead", async (context) => {
  const { rsync, round, mirrored, started } = await before(context, "content");
  await round(["a"]);
  assert.equal(mirrored(), "new");
  assert.deepEqual(await rsync.exited, { code: 0, signal: null });
  assert.equal(started(), 1);
});

test("a server that was killed before its round is replaced", async (context) => {
  const { rsync, round, mirrored, started } = await before(context, "content");
  rsync.kill("SIGKILL");
  await rsync.exited;
  await round(["a"]);
  assert.equal(mirrored(), "new");
  assert.equal(started(), 2);
});

test("a server that compares otherwise is ended and replaced", async (context) => {
  const { rsync, round, mirrored, started } = await before(context, "times");
  await round(["a"]);
  assert.equal(mirrored(), "new");
  assert.notEqual((await rsync.exited).code, 0);
  assert.equal(started(), 2);
});

test("a server is ended by a round that has nothing to send, without the time that rsync takes at SIGTERM", async (context) => {
  const { rsync, round, mirrored } = await before(context, "content");
  await round([]);
  assert.deepEqual(await rsync.exited, { code: null, signal: "SIGKILL" });
  assert.equal(mirrored(), "old");
});

/** rsync/errcode.h:RERR_SIGNAL1 */
const STOPPED = { code: 19, signal: null };

test("an aborted round ends rsync as it ends its own processes, which leaves nothing half written and sleeps for nothing", async (context) => {
  const { rsync, round, abort, root, mirror, mirrored } = await before(context, "content");
  truncateSync(join(root, "a"), 400_000_000);
  const written = watch(mirror);
  const aborted = assert.rejects(round(["a"]), /a newer save/);
  await once(written, "change");
  written.close();
  abort.abort(new Error("a newer save"));
  await aborted;
  assert.deepEqual(await rsync.exited, STOPPED);
  assert.deepEqual([readdirSync(mirror), mirrored()], [["a"], "old"]);
});

test("a round that is done leaves rsync to end by itself when it is aborted", async (context) => {
  const { rsync, round, abort } = await before(context, "content");
  await round(["a"]);
  abort.abort();
  assert.deepEqual(await rsync.exited, { code: 0, signal: null });
});
