import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";
import { gone, kill } from "../../rig/processes.ts";
import { killedAt } from "../killed-at.ts";
import { detachedRig, processIn, TRAPPED } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, journal, left, clean } = rig;
const CREATE = ["create", "--rm", "--image", "box", "--network", "none", "-v", "/anonymous"];

afterEach(async () => {
  await rig.run(["rm", "-f", "c1"]);
  assert.deepEqual(left(), clean);
  assert.equal(await succeeds("volume", "ls", "-q"), "");
});

describe("create --rm", () => {
  it("makes a container that stays until it was started and has ended, with its volume", async () => {
    await succeeds(...CREATE, "c1", ...TRAPPED);
    assert.equal(await succeeds("ps", "-a", "--format", "{{.Names}} {{.State}}"), "c1 created\n");
    await succeeds("cp", "c1:/etc/script", "-");
    await succeeds("start", "c1");
    assert.equal(await succeeds("ps", "--format", "{{.Names}} {{.State}}"), "c1 running\n");
    await succeeds("stop", "c1");
    assert.equal(await succeeds("ps", "-a", "-q"), "");
  });

  it("leaves nothing of one whose monitor was killed, and all of one that was not started where cp was killed", async () => {
    await succeeds(...CREATE, "c1", ...TRAPPED);
    const prefix = killedAt(rig.directory, "flock", 1);
    assert.equal((await rig.run(["cp", "c1:/etc/script", "-"], { prefix })).signal, "SIGKILL");
    await succeeds("start", "c1");
    const found = journal("c1");
    kill(found.monitor?.pid ?? 0);
    await gone(processIn(found));
    await succeeds("run", "--image", "box", "--network", "none", "other", "true");
    assert.equal(await succeeds("ps", "-a", "-q"), "");
  });
});

/** The calls of an explanation without numbers, paths and pids, those to cgroups as one. */
function callsOf(explained: string): string[] {
  return [...new Set(namesIn(explained, /^ *\d+ {2}(?=\w)/))];
}

/** Those that a time is printed of. */
function timed(explained: string): string[] {
  return namesIn(explained, /^ *\d+ +\d+\.\d µs /);
}

function namesIn(explained: string, before: RegExp): string[] {
  const calls = explained.split("\n").filter((line) => before.test(line));
  return calls.map((line) =>
    line
      .replace(before, "")
      .replaceAll(/"[^"]*\/state\//g, '"')
      .replaceAll(/\b[0-9a-f]{64}\b/g, "ID")
      .replaceAll(/\b\d{3,}\b/g, "N")
      .replace(/^rmdir\(.*/, "rmdir"),
  );
}

describe("--explain", () => {
  const STOPPED = ['flock("locks/c1", LOCK_EX)', "pidfd_send_signal(N, SIGKILL)", "rmdir", 'remove("work/c1")'];
  const FREED = 'unlink("locks/c1")';
  const REMOVED = ['unlink("records/c1")', 'remove("monitors/c1")', 'remove("containers/c1")'];

  it("of stop prints what is sent, how long is waited and what is undone, and then does it", async () => {
    await detach("c1", ...TRAPPED);
    const { code, stdout, stderr } = await rig.run(["stop", "--explain", "-t", "7", "-s", "INT", "c1"]);
    assert.deepEqual([code, stdout], [0, "c1\n"]);
    const before = ["pidfd_send_signal(N, SIGTERM)", "pidfd_send_signal(N, SIGINT)", "poll(pidfd of N, N)"];
    const calls = ["pidfd_send_signal(N, SIGKILL)", ...STOPPED.filter((call) => !call.startsWith("pidfd")), FREED];
    assert.deepEqual(callsOf(stderr), [...before, ...calls]);
    assert.deepEqual(timed(stderr), [...before, STOPPED[0], FREED]);
    assert.match(
      stderr,
      /\n {5}the others were not needed, or its monitor had done them by then\n +\d+\.\d µs total\n$/,
    );
    assert.match(stderr, /poll\(pidfd of \d+, 7000\)\n {5}it has so long to end by itself\n/);
    const again = await rig.run(["stop", "--explain", "c1"]);
    assert.deepEqual([again.code, again.stderr], [0, ""]);
    assert.match(await succeeds("ps", "-a", "--format", "{{.State}}"), /exited/);
  });

  it("of rm -f prints both, in Chinese where that is the language", async () => {
    await detach("-v", "/anonymous", "c1", ...TRAPPED);
    await succeeds("pause", "c1");
    const { code, stderr } = await rig.run(["rm", "-fv", "--explain", "c1"], { env: { LC_ALL: "zh_CN.UTF-8" } });
    assert.equal(code, 0);
    const [first, thawed, ...calls] = callsOf(stderr);
    assert.equal(first, "pidfd_send_signal(N, SIGTERM)");
    assert.match(thawed ?? "", /^write\(".*\/(freezer\.state", "THAWED"|cgroup\.freeze", "0")\)$/);
    assert.deepEqual(calls, [
      "pidfd_send_signal(N, SIGKILL)",
      ...STOPPED.filter((call) => !call.startsWith("pidfd")),
      ...REMOVED,
      FREED,
      'remove("volumes/ID")',
    ]);
    const own = ["pidfd_send_signal(N, SIGTERM)", thawed, "pidfd_send_signal(N, SIGKILL)", STOPPED[0]];
    assert.deepEqual(timed(stderr), [...own, ...REMOVED, FREED, 'remove("volumes/ID")']);
    assert.match(stderr, /它的名字可以再次使用/);
    assert.match(stderr, /\n +\d+\.\d µs 合计\n$/);
  });
});
