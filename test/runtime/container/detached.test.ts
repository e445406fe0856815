import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { bootId } from "../../../runtime/host/process.ts";
import { emptied, gone, written } from "../../rig/processes.ts";
import { DETACH, detachedRig, TRAPPED } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, statusOf, journal, left, clean } = rig;

const ID = /^[0-9a-f]{64}\n$/;

async function fails(message: RegExp, ...words: string[]): Promise<void> {
  const { code, stderr } = await rig.run(words);
  assert.equal(code, 125, words.join(" "));
  assert.match(stderr, message);
}

const logOf = (name: string) => readFileSync(join(rig.root, "monitors", name, "log"), "utf8");

/** A failed test's leftovers would make the later ones fail. */
afterEach(async () => {
  await rig.run(["rm", "-f", "d1"]);
  assert.deepEqual(left(), clean);
});

describe("a detached container", () => {
  it("outlives the command that started it, is listed, stopped, started again and removed", async () => {
    const id = await detach("d1", ...TRAPPED);
    assert.match(id, ID);
    assert.equal(await statusOf("d1"), "Up");
    assert.equal(await succeeds("ps", "-q"), `${id.slice(0, 12)}\n`);
    assert.equal(await succeeds("stop", id.slice(0, 6)), `${id.slice(0, 6)}\n`);
    assert.equal(await statusOf("d1"), "Exited (3)");
    assert.equal(await succeeds("ps"), "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n");
    assert.equal(await succeeds("start", "/d1"), "/d1\n");
    await fails(/the container d1 is running\n {2}tinydocker stop d1/, "rm", "d1");
    await succeeds("rm", "-f", "d1");
    assert.equal(await statusOf("d1"), undefined);
  });

  it("is listed by its order and state, and a filter that is none is refused", async () => {
    await detach("d1", "sleep", "1000");
    await detach("d2", "sleep", "1000");
    for (const last of [["-l"], ["-n", "1"]])
      assert.equal(await succeeds("ps", ...last, "--format", "{{.Names}}"), "d2\n");
    for (const none of [["-n", "-1"], ["-n=0"], ["--last", "-1"]])
      assert.equal(await succeeds("ps", ...none, "--format", "{{.Names}}"), "d2\nd1\n");
    assert.equal(await succeeds("ps", "-f", "status=running", "-f", "name=d1", "--format", "{{.Names}}"), "d1\n");
    await fails(/--filter does not know "status=bogus"/, "ps", "-f", "status=bogus");
    await fails(/--filter takes KEY=VALUE, got "foo"/, "ps", "-f", "foo");
    await fails(/--last is a number of containers, not "x"/, "ps", "-n", "x");
    for (const name of ["d1", "d2"]) await succeeds("rm", "-f", name);
  });

  it("is stopped, killed and removed although another of the command line is missing, which rm -f excuses", async () => {
    await detach("d1", "sleep", "1000");
    const first = async (...words: string[]) => {
      const { code, stdout, stderr } = await rig.run([...words, "nope", "d1"]);
      assert.match(stderr, /^tinydocker: there is no container nope\n/);
      return [code, stdout];
    };
    assert.deepEqual(await first("stop", "-t", "0"), [125, "d1\n"]);
    await succeeds("start", "d1");
    assert.deepEqual(await first("kill"), [125, "d1\n"]);
    assert.deepEqual(await first("rm", "-f"), [0, "d1\n"]);
    const again = await rig.run(["rm", "-f", "nope"]);
    assert.deepEqual([again.code, again.stdout], [0, ""]);
    await fails(/there is no container nope/, "rm", "nope");
  });

  it("with a terminal is not attached to where nobody types", async () => {
    await succeeds("run", "-d", "-it", "--image", "box", "--network", "none", "d1", "sh");
    await fails(/the container d1 has a terminal, and standard input is not one\n {2}--no-stdin/, "attach", "d1");
    await succeeds("rm", "-f", "d1");
  });

  it("refuses one more than may attach by saying so", async () => {
    await detach("d1", "sleep", "1000");
    const others = Array.from({ length: 16 }, () => connect(join(rig.root, "monitors/d1/attach")));
    await Promise.all(others.map((other) => once(other, "connect")));
    await fails(
      /^tinydocker: 16 others are attached to the container d1, .*\n {2}end one of them/,
      "attach",
      "--no-stdin",
      "d1",
    );
    for (const other of others) other.destroy();
    await succeeds("rm", "-f", "d1");
  });

  it("has its output in a log, line by line, with parts of lines as such", async () => {
    await detach("d1", "sh", "-c", "echo out; sleep 0.1; echo err >&2; sleep 0.1; printf 'no end'");
    assert.equal(await succeeds("wait", "d1"), "0\n");
    const lines = logOf("d1")
      .split("\n")
      .map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /, ""));
    assert.deepEqual(lines, ["stdout F out", "stderr F err", "stdout P no end", ""]);
    const [time = ""] = logOf("d1").split(" ");
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000, time);
  });

  it("is described by its last end, and its log is whole, although the clock was set back meanwhile", async () => {
    await detach("d1", "sh", "-c", "echo later; exit 4");
    await succeeds("wait", "d1");
    await succeeds("stop", "d1");
    const record = join(rig.root, "records/d1");
    const exit = { status: "unknown", at: Date.now() + 3_600_000, process: { pid: 1, startTime: "1", boot: bootId() } };
    writeFileSync(record, `${JSON.stringify({ ...JSON.parse(readFileSync(record, "utf8")), exit })}\n`);
    const log = join(rig.root, "monitors/d1/log");
    writeFileSync(log, `2999-01-01T00:00:00.000000000Z stdout F before\n${readFileSync(log, "utf8")}`);
    assert.equal(await statusOf("d1"), "Exited (4)");
    assert.equal(await succeeds("logs", "d1"), "before\nlater\n");
    assert.equal(await succeeds("logs", "--since", "10m", "d1"), "before\nlater\n");
    assert.equal(await succeeds("logs", "--until", "0s", "d1"), "later\n");
  });

  it("that is removed at its exit leaves nothing, although no command comes after it", async () => {
    await detach("--rm", "d1", "sleep", "0.2");
    const { monitor } = journal("d1");
    await gone(monitor?.pid ?? 0);
    await emptied(join(rig.root, "locks"));
    assert.deepEqual(left(), clean);
  });

  it("that is removed at its exit is gone after rm -f, also where that comes while it is removed", async () => {
    for (let round = 0; round < 6; round += 1) {
      await detach("--rm", "d1", "true");
      await rig.run(["rm", "-f", "d1"]);
      assert.deepEqual(left(), clean);
    }
  });

  it("that is removed at its exit is restarted with what it wrote, and removed at its next exit", async () => {
    await detach(
      "--rm",
      "-v",
      "/data",
      "d1",
      "sh",
      "-c",
      "echo start | tee -a /data/starts >>/starts; exec sleep 1000",
    );
    for (const starts of ["start\n".repeat(2), "start\n".repeat(3)]) {
      await succeeds("restart", "-t", "0", "d1");
      assert.equal(await succeeds("exec", "d1", "cat", "/starts", "/data/starts"), starts.repeat(2));
      assert.equal(await succeeds("inspect", "-f", "{{.HostConfig.AutoRemove}}", "d1"), "true\n");
    }
    await succeeds("stop", "-t", "0", "d1");
    await emptied(join(rig.root, "locks"));
    assert.deepEqual(left(), clean);
  });

  it("that is removed at its exit is removed where the command that restarts it is killed before its end", async () => {
    await detach("--rm", "deaf", "sh", "-c", "trap : TERM; while :; do sleep 1000 & wait; done");
    const restart = rig.spawn(["restart", "-t", "-1", "deaf"], { stdio: "ignore" });
    const killed = once(restart, "exit");
    await written(join(rig.root, "events"), /"action":"kill"[^\n]*"deaf"/);
    restart.kill("SIGKILL");
    await killed;
    await succeeds("kill", "deaf");
    await emptied(join(rig.root, "locks"));
    assert.deepEqual(left(), clean);
  });

  it("was started when inspect says, to the millisecond, also after its end", async () => {
    await detach("d1", "sleep", "1000");
    const startedAt = () => succeeds("inspect", "-f", "{{.State.StartedAt}}", "d1");
    const first = await startedAt();
    assert.equal(await startedAt(), first);
    await succeeds("kill", "d1");
    await succeeds("wait", "d1");
    assert.equal(await startedAt(), first);
  });

  it("is started by the first of several commands at the same moment, and the others find it started", async () => {
    await succeeds("create", "--image", "box", "--network", "none", "d1", "sleep", "1000");
    const starts = await Promise.all(Array.from({ length: 4 }, () => succeeds("start", "d1")));
    assert.deepEqual(starts, Array<string>(4).fill("d1\n"));
  });

  it("that was created with -i gets all input of start -ai and its end, each time", async () => {
    await succeeds("create", "-i", "--image", "box", "--network", "none", "d1", "wc", "-c");
    for (const input of [Buffer.alloc(200_000, "x"), Buffer.alloc(0)]) {
      const { code, stdout } = await rig.run(["start", "-ai", "d1"], { input });
      assert.deepEqual([code, stdout], [0, `${input.length}\n`]);
    }
  });

  it("whose command can't be run leaves nothing, with docker's exit code", async () => {
    for (const [command, code] of [
      ["nosuch", 127],
      ["/etc/passwd", 126],
    ] as const) {
      const { code: found, stdout } = await rig.run([...DETACH, "d1", command]);
      assert.deepEqual([found, stdout], [code, ""]);
      assert.deepEqual(left(), clean);
    }
  });

  it("is started again by its policy, as often as that says, with its files", async () => {
    await detach("--restart", "on-failure:2", "d1", "sh", "-c", "echo x >>/file; cat /file | wc -l; exit 4");
    const { monitor } = journal("d1");
    await gone(monitor?.pid ?? 0);
    assert.deepEqual(logOf("d1").match(/\d$/gm), ["1", "2", "3"]);
    assert.equal(await statusOf("d1"), "Exited (4)");
  });

  it("is not started again once it is to stop, whatever its policy says", async () => {
    await detach("--restart", "always", "d1", "sh", "-c", "sleep 0.05");
    await succeeds("stop", "d1");
    assert.match((await statusOf("d1")) ?? "", /^Exited/);
    await succeeds("start", "d1");
    await succeeds("rm", "-f", "d1");
  });

  it("that is about to be started again runs for docker's scripts, can be copied from, and ends by kill", async () => {
    const why = ["-v", `${rig.directory}:/m`, "d1", "sh", "-c", "echo why >/reason; exit 1"];
    // By its id: other containers had the name before it.
    const id = (await detach("--restart", "always", ...why)).trim();
    const events = rig.spawn(["events", "-f", `container=${id}`, "--format", "{{.Action}}", "--since", "1h"]);
    // The fifth pause is of 1.6 s.
    let ends = 0;
    for await (const chunk of events.stdout ?? []) {
      ends += String(chunk).split("die").length - 1;
      if (ends >= 5) break;
    }
    events.kill();
    const state = "{{.State.Status}} {{.State.Running}} {{.State.Restarting}} {{.State.Pid}}";
    assert.equal(await succeeds("inspect", "-f", state, "d1"), "restarting true true 0\n");
    const reason = join(rig.directory, "reason");
    await succeeds("cp", "d1:/reason", reason);
    assert.equal(readFileSync(reason, "utf8"), "why\n");
    assert.match((await rig.run(["cp", reason, "d1:/"])).stderr, /about to be started again: .*\n.*stop d1 first/);
    await succeeds("kill", "d1");
    assert.equal(await rig.statusOf("d1"), "Exited (1)");
    await succeeds("rm", "d1");
  });

  it("is killed where it does not stop in time", async () => {
    await detach("d1", "sh", "-c", "trap '' TERM; while :; do sleep 1000; done");
    await succeeds("stop", "-t", "0", "d1");
    assert.equal(await statusOf("d1"), "Exited (137)");
  });

  it("gets the signals of kill, and its own stop signal", async () => {
    const command = ["sh", "-c", "trap 'exit 5' USR1; trap 'exit 6' HUP; while :; do sleep 1000 & wait; done"];
    await detach("--stop-signal", "HUP", "d1", ...command);
    await succeeds("kill", "-s", "USR1", "d1");
    assert.equal(await succeeds("wait", "d1"), "5\n");
    await succeeds("start", "d1");
    await succeeds("stop", "d1");
    assert.equal(await statusOf("d1"), "Exited (6)");
  });

  it("goes on after a signal that asks for no end and that it does not handle", async () => {
    await detach("d1", "sleep", "1000");
    for (const signal of ["USR1", "ALRM", "37"]) await succeeds("kill", "-s", signal, "d1");
    await succeeds("exec", "d1", "true");
    await succeeds("kill", "-s", "TERM", "d1");
    assert.equal(await succeeds("wait", "d1"), "137\n");
  });

  it("can be created first, which wait takes for an end with 0 as docker does, and be paused", async () => {
    const words = ["create", "--image", "box", "--network", "none", "--label", "a=b", "d1", ...TRAPPED];
    assert.match(await succeeds(...words), ID);
    assert.equal(await statusOf("d1"), "Created");
    const waited = await rig.run(["wait", "nosuch", "d1"]);
    assert.deepEqual([waited.code, waited.stdout], [125, "0\n"]);
    assert.match(waited.stderr, /no container nosuch\n(.*\n)?tinydocker: warning: the container d1 was not started\n$/);
    await succeeds("start", "d1");
    await succeeds("pause", "d1");
    assert.match((await statusOf("d1")) ?? "", /^Up .*\(Paused\)$/);
    assert.match(await succeeds("ps", "-q", "--filter", "label=a=b", "--filter", "status=paused"), /^[0-9a-f]{12}\n$/);
    await fails(/the container d1 is already paused/, "pause", "d1");
    await succeeds("unpause", "d1");
    await fails(/the container d1 is not paused/, "unpause", "d1");
    await succeeds("pause", "d1");
    await succeeds("stop", "d1");
    assert.equal(await statusOf("d1"), "Exited (3)");
  });
});
