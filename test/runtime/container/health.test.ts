import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { needs } from "../../rig/host.ts";
import { gone, written } from "../../rig/processes.ts";
import { detachedRig, processIn, TRAPPED } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, statusOf, journal, left, clean } = rig;
const file = join(rig.root, "monitors/d1/health");
const results = () => readFileSync(file, "utf8");
/** Waits for a line of it. */
const said = (pattern: RegExp) => written(file, pattern);

async function fails(message: RegExp, ...words: string[]): Promise<void> {
  const { code, stderr } = await rig.run(words);
  assert.equal(code, 125, words.join(" "));
  assert.match(stderr, message);
}

afterEach(async () => {
  await rig.run(["rm", "-f", "d1"]);
  assert.deepEqual(left(), clean);
});

const SOON = ["--health-interval", "20ms"];

describe("a health check", () => {
  it("says how the container is, in inspect and ps, with what it printed", async () => {
    const check = 'echo "at $(hostname)"; test -e /well';
    await detach(...SOON, "--health-cmd", check, "-h", "house", "d1", "sleep", "1000");
    await said(/"unhealthy","failingStreak":3/);
    assert.match((await statusOf("d1")) ?? "", /^Up .* \(unhealthy\)$/);
    assert.match(await succeeds("ps", "-q", "-f", "health=unhealthy"), /^[0-9a-f]{12}\n$/);
    await succeeds("exec", "d1", "touch", "/well");
    await said(/"healthy","failingStreak":0,"check":{[^\n]*"output":"at house\\u000a"}}\n.*\n.*\n.*\n.*\n/);
    assert.match((await statusOf("d1")) ?? "", / \(healthy\)$/);
    const state = JSON.parse(await succeeds("inspect", "-f", "{{json .State.Health}}", "d1"));
    assert.deepEqual([state.Status, state.FailingStreak, state.Log.length], ["healthy", 0, 5]);
    const { Start, End, ExitCode, Output } = state.Log.at(-1);
    assert.deepEqual([ExitCode, Output, Date.parse(End) >= Date.parse(Start)], [0, "at house\n", true]);
    const asked = JSON.parse(await succeeds("inspect", "-f", "{{json .Config.Healthcheck}}", "d1"));
    assert.deepEqual([asked.Test, asked.Interval, asked.Retries], [["CMD-SHELL", check], 20_000_000, 3]);
    const [, pss] =
      /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${journal("d1").monitor?.pid}/smaps_rollup`, "utf8")) ?? [];
    assert.ok(Number(pss) <= 200, `the monitor has ${pss} kB`);
  });

  it("runs as the container's user, in its namespaces and cgroups, without a terminal, and leaves nothing in it", async () => {
    const check = "id -u; cat /proc/self/cgroup; tty; echo $A; exit 5";
    await detach(...SOON, "-u", "1000", "-e", "A=b", "--health-cmd", check, "d1", "sleep", "1000");
    const [line = ""] = await said(/.*"exitCode":5.*/);
    const { output } = JSON.parse(line).check;
    const own = await succeeds("exec", "d1", "cat", "/proc/self/cgroup");
    assert.equal(output, `1000\n${own}not a tty\nb\n`);
    await said(/"failingStreak":4/);
    await succeeds("pause", "d1");
    const lines = results();
    // Long enough for many checks.
    await fails(/the container d1 is paused/, "exec", "d1", "true");
    assert.equal(results(), lines);
    await succeeds("unpause", "d1");
    assert.equal(await succeeds("exec", "d1", "sh", "-c", "ps -o comm | grep -c sleep"), "1\n");
  });

  it("that takes too long, can't be run, or prints without end fails, and nothing of it stays", async () => {
    await detach(
      ...SOON,
      "--health-timeout",
      "50ms",
      "--health-retries",
      "1",
      "--health-cmd",
      "sleep 1000 & sleep 1000",
      "d1",
      "sleep",
      "9",
    );
    await said(/"unhealthy","failingStreak":2,"check":{.*"exitCode":-1,"output":"Health check exceeded timeout"/);
    assert.doesNotMatch(
      await succeeds("exec", "d1", "ps", "-o", "stat,args"),
      /^[^Z]*sleep 1000\n[^Z]*sleep 1000\n[^Z]*sleep 1000\n/m,
    );
    await succeeds("rm", "-f", "d1");
    await detach(...SOON, "--health-cmd", "yes | dd bs=1000 count=9 2>/dev/null; exit 0", "d1", "sleep", "1000");
    const [line = ""] = await said(/.*"exitCode":0.*/);
    assert.equal(JSON.parse(line).check.output.length, 4096);
  });

  it("does not count while the container starts, and begins again with each start", async () => {
    const times = ["--health-start-period", "10m", "--health-start-interval", "10ms", "--health-interval", "20ms"];
    await detach(...times, "--health-cmd", "test -e /well", "d1", ...TRAPPED);
    await said(/("starting","failingStreak":0,"check".*\n.*){4}/);
    assert.match((await statusOf("d1")) ?? "", /\(health: starting\)$/);
    await succeeds("exec", "d1", "touch", "/well");
    await said(/"healthy"/);
    await succeeds("exec", "d1", "rm", "/well");
    await said(/"unhealthy","failingStreak":3/);
    await succeeds("restart", "d1");
    await said(/"unhealthy".*\n{"status":"starting","failingStreak":0}\n/);
    await succeeds("stop", "-t", "0", "d1");
    assert.match((await statusOf("d1")) ?? "", /^Exited \(\d+\)$/);
  });

  it("counts also where the check ends before the monitor knows its process", async (t) => {
    if (!needs(t, existsSync("/usr/bin/strace") ? undefined : "strace")) return;
    const calls = "clone,clone3";
    const late = ["-e", `trace=${calls}`, "-e", `inject=${calls}:delay_exit=50000`];
    const check = "n=$(cat /n 2>/dev/null)x; echo $n >/n; [ $n != xxx ] || touch /ok";
    const command = ["sh", "-c", "until [ -e /ok ]; do sleep 0.05; done"];
    // strace lasts as long as what it traces, also the container.
    await rig.run(
      ["run", "-d", "--image", "box", "--network", "none", ...SOON, "--health-cmd", check, "d1", ...command],
      {
        prefix: ["strace", "-f", "-qq", "-o", join(rig.directory, "calls"), ...late],
      },
    );
    const checks = results().trimEnd().split("\n").slice(1);
    assert.ok(checks.length >= 2);
    for (const line of checks.slice(0, 2))
      assert.deepEqual([JSON.parse(line).status, JSON.parse(line).check.exitCode], ["healthy", 0]);
  });

  it("ends with its container, also where the monitor is killed", async () => {
    await detach(...SOON, "--health-cmd", "sleep 1000", "d1", "sleep", "1000");
    const found = journal("d1");
    process.kill(found.monitor?.pid ?? 0, "SIGKILL");
    await gone(processIn(found));
    assert.equal(await statusOf("d1"), "Exited (255)");
  });

  it("has no effect on a container that does not stay, which is said", async () => {
    const { code, stderr } = await rig.run([
      "run",
      "--health-cmd",
      "true",
      "--stop-timeout",
      "1",
      "--image",
      "box",
      "d1",
      "true",
    ]);
    assert.deepEqual(
      [code, stderr.split("\n")[0]],
      [
        0,
        "tinydocker: warning: --stop-timeout and --health-cmd have no effect without -d: the container ends with tinydocker run",
      ],
    );
  });

  it("needs a command", async () => {
    await fails(
      /need --health-cmd: the image has no check/,
      "run",
      "-d",
      "--health-retries",
      "2",
      "--image",
      "box",
      "d1",
      "true",
    );
    await fails(
      /--health-interval takes a duration/,
      "run",
      "-d",
      "--health-cmd",
      "a",
      "--health-interval",
      "5",
      "--image",
      "box",
      "d1",
      "true",
    );
    await fails(/--filter does not know "health=x"/, "ps", "-f", "health=x");
  });
});
