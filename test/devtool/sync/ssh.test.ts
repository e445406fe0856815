import assert from "node:assert/strict";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { before, test } from "node:test";
import { ConnectionLost } from "../../../devtool/failure.ts";
import { pull } from "../../../devtool/sync/pull.ts";
import { sshTarget } from "../../../devtool/targets/ssh/target.ts";
import type { Connection } from "../../../devtool/targets/target.ts";
import { buildAgent } from "../../rig/agent.ts";
import { temporaryDirectory } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { places, snapshot, syncHere } from "./rig.ts";

before(buildAgent);

async function connect(
  context: Parameters<typeof startSshd>[0],
): Promise<{ connection: Connection; cut: () => Promise<void> }> {
  const sshd = await startSshd(context);
  const options = { acceptNewHostKey: false, configFile: sshd.configFile, sudo: undefined, notice: () => undefined };
  const connection = await sshTarget("rig", sshd.host, options).connect(new AbortController().signal);
  context.after(() => connection.close());
  return { connection, cut: sshd.cut };
}

test("over a real sshd a mirror becomes what the project is, in full rounds and watch rounds", async (context) => {
  const here = places(await temporaryDirectory(context));
  const { connection } = await connect(context);
  for (let i = 0; i < 300; i++) {
    mkdirSync(join(here.root, `part ${i % 20}`), { recursive: true });
    writeFileSync(join(here.root, `part ${i % 20}`, `file-${i}`), `${i}\n`.repeat(i));
  }
  await syncHere({ ...here, mirror: join(here.mirror, "deep er") }, connection);
  assert.deepEqual(snapshot(join(here.mirror, "deep er")), snapshot(here.root));
  rmSync(join(here.root, "part 1"), { recursive: true });
  writeFileSync(join(here.root, "part 2/file-2"), "changed");
  const changed = ["part 1/file-1", "part 1", "part 2/file-2"];
  const report = await syncHere({ ...here, mirror: join(here.mirror, "deep er"), changed }, connection);
  assert.equal(report.files, 1);
  assert.deepEqual(snapshot(join(here.mirror, "deep er")), snapshot(here.root));
});

/** An rsync that takes a while to end, and leaves a file if it is signalled before it has. */
function slowToEnd(directory: string): { readonly rsync: string; readonly wasSignalled: () => boolean } {
  const [rsync, signalled] = [join(directory, "rsync"), join(directory, "signalled")];
  const busy = "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done";
  writeFileSync(rsync, `#!/bin/sh\ntrap ': >${signalled}' TERM\nrsync "$@"\n${busy}\n`, { mode: 0o755 });
  return { rsync, wasSignalled: () => existsSync(signalled) };
}

test("a connection that is closed lets an rsync that is done end by itself, after a first sync, a later one and a pull", async (context) => {
  const directory = await temporaryDirectory(context);
  const { rsync, wasSignalled } = slowToEnd(directory);
  const here = { ...places(directory), rsync };
  writeFileSync(join(here.root, "a"), "content");
  const rounds: Record<string, (connection: Connection) => Promise<unknown>> = {
    first: (connection) => syncHere({ ...here, mayBeNew: true }, connection),
    later: (connection) => syncHere(here, connection),
    pull: (connection) => pull(connection, { ...here, paths: ["a"] }, new AbortController().signal),
  };
  for (const [what, round] of Object.entries(rounds)) {
    const { connection } = await connect(context);
    await round(connection);
    await connection.close();
    assert.ok(!wasSignalled(), what);
  }
});

test("a connection that dies in the middle of a round is ConnectionLost", async (context) => {
  const here = places(await temporaryDirectory(context));
  const { connection, cut } = await connect(context);
  writeFileSync(join(here.root, "big"), "content");
  const dying: Connection = {
    connectTo: (endpoint) => connection.connectTo(endpoint),
    listenAt: (endpoint, onConnection) => connection.listenAt(endpoint, onConnection),
    facts: () => connection.facts(),
    closed: connection.closed,
    close: () => connection.close(),
    async exec(argv, options) {
      const rsync = await connection.exec(argv, options);
      const stdout = new PassThrough();
      rsync.stdout.once("data", () => void cut());
      rsync.stdout.on("close", () => stdout.end());
      const { stdin, stderr, exited } = rsync;
      return { stdin, stdout, stderr, exited, kill: (signal) => rsync.kill(signal), resize: () => {} };
    },
  };
  await assert.rejects(syncHere(here, dying), ConnectionLost);
});
