import assert from "node:assert/strict";
import { on, once } from "node:events";
import { watch } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { connectToWatch, listenForOthers } from "../../../devtool/control/socket.ts";
import { cacheDirectory } from "../../../devtool/process/cache-directory.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";

test("a run works as without a watch where the cache's folder is none", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const project = await makeProject(t, { "devtool.config.ts": "export default {};\n", file: "" });
  const args = ["run", "--target", "local", "echo", "ran"];
  const { code, stdout, stderr } = await startDevtool(t, project, args, { XDG_CACHE_HOME: `${project.root}/file` })
    .ended;
  assert.deepEqual([code, stdout.toString()], [0, "ran\n"], stderr);
});

test("of two watches of a project the second serves a run once the first has ended", async (t) => {
  const root = await temporaryDirectory(t);
  const before = process.env["XDG_CACHE_HOME"];
  process.env["XDG_CACHE_HOME"] = root;
  t.after(() => {
    if (before === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = before;
  });
  const [first, second] = [new AbortController(), new AbortController()];
  const [waiting, served] = [new PassThrough({ objectMode: true }), new PassThrough({ objectMode: true })];
  await listenForOthers(root, (socket) => void waiting.write(socket), first.signal);
  await listenForOthers(root, (socket) => void served.write(socket), second.signal);
  const [idle] = (await once(waiting, "data")) as [Socket];
  const folder = watch(join(cacheDirectory(), "watch"));
  first.abort();
  idle.destroy(); // as its process ends
  let run: Socket | undefined;
  for await (const _ of on(folder, "change")) {
    run = await connectToWatch(root);
    if (run) break;
  }
  const [socket] = (await once(served, "data")) as [Socket];
  for (const one of [run, socket]) one?.destroy();
  folder.close();
  second.abort();
});
