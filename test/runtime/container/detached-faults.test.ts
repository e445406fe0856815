import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";
import { gone, kill } from "../../rig/processes.ts";
import { killedAt } from "../killed-at.ts";
import { DETACH, detachedRig, processIn, TRAPPED } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, statusOf, journal, left, clean } = rig;

/** A failed test's leftovers would make the later ones fail. */
afterEach(async () => {
  await rig.run(["rm", "-f", "d1"]);
  assert.deepEqual(left(), clean);
});

describe("kill -9 of a detached container's", () => {
  it("monitor ends the container, and the next command knows that, and not the exit of a run before", async () => {
    await detach("d1", ...TRAPPED);
    await succeeds("stop", "d1");
    await succeeds("start", "d1");
    const startedAt = ["inspect", "-f", "{{.State.StartedAt}}", "d1"];
    const started = await succeeds(...startedAt);
    const found = journal("d1");
    kill(found.monitor?.pid ?? 0);
    await gone(processIn(found));
    const seen = ["inspect", "-f", "{{with .State}}{{.Status}} {{.ExitCode}} {{.Error}}{{end}}", "d1"];
    const nobody = "exited 255 nobody saw how it ended: what waited for it was killed\n";
    assert.equal(await statusOf("d1"), "Exited (255)");
    assert.equal(await succeeds(...startedAt), started);
    assert.equal(await succeeds(...seen), nobody);
    assert.match(await succeeds("ps", "-a", "--filter", "exited=255", "-q"), /^[0-9a-f]{12}\n$/);
    const { code, stdout, stderr } = await rig.run(["wait", "d1"]);
    assert.deepEqual([code, stdout], [0, "255\n"]);
    assert.match(stderr, /nobody saw how the container d1 ended[^\n]*255[^\n]*\n$/);
    assert.equal(await succeeds(...seen), nobody);
    assert.equal(await succeeds("stop", "d1"), "d1\n");
    assert.equal(await statusOf("d1"), "Exited (255)");
    assert.equal(await succeeds(...startedAt), started);
    await succeeds("start", "d1");
    assert.equal(await statusOf("d1"), "Up");
  });

  it("first process is an exit by that signal", async () => {
    await detach("d1", ...TRAPPED);
    kill(processIn(journal("d1")));
    assert.equal(await succeeds("wait", "d1"), "137\n");
  });

  for (const [call, n] of [
    ["flock", 1],
    ["fsync", 1],
    ["rename", 1],
    ["memfd_create", 2],
    ["memfd_create", 3],
    ["socketpair", 1],
    ["clone3", 1],
    ["recvfrom", 1],
  ] as const) {
    it(`starter at ${call} ${n} leaves a container that is known, or none`, async () => {
      const prefix = killedAt(rig.directory, call, n);
      // strace lasts as long as what it traces, also the container.
      const { signal } = await rig.run([...DETACH, "d1", "sleep", "0.5"], { prefix });
      assert.equal(signal, "SIGKILL");
      await succeeds("run", "--image", "box", "--network", "none", "other", "true");
      const status = await statusOf("d1");
      assert.ok(status === undefined || status === "Created" || status === "Exited (0)", status);
      if (status) await succeeds("start", "d1");
      if (status) assert.equal(await succeeds("wait", "d1"), "0\n");
    });
  }
});

describe("kill -9 of a starter that stays with the container", () => {
  for (const call of ["recvfrom", "connect"]) {
    it(`at its first ${call} leaves a container that runs to its end`, async () => {
      await succeeds("create", ...DETACH.slice(2), "d1", "sh", "-c", "echo out; exit 4");
      const { signal } = await rig.run(["start", "-a", "d1"], { prefix: killedAt(rig.directory, call, 1) });
      assert.equal(signal, "SIGKILL");
      assert.equal(await statusOf("d1"), "Exited (4)");
      assert.equal(await succeeds("logs", "d1"), "out\n");
    });
  }
});

describe("kill -9 of a monitor", () => {
  for (const [call, n] of [
    ["signalfd4", 1],
    ["sendmsg", 1],
    ["sendmsg", 2],
    ["wait4", 1],
    ["wait4", 2],
    ["renameat", 1],
  ] as const) {
    it(`at ${call} ${n} leaves a container that can be started, or none`, async () => {
      const prefix = killedAt(rig.directory, call, n);
      const { code, stderr } = await rig.run([...DETACH, "d1", "sleep", "0.5"], { prefix });
      if (code === 125) assert.match(stderr, /^tinydocker: the container's \w+ ended before /);
      const status = await statusOf("d1");
      assert.ok(status === undefined || /^(Created|Exited \((255|0)\))$/.test(status), status);
      if (status) await succeeds("start", "d1");
      if (status) assert.equal(await succeeds("wait", "d1"), "0\n");
    });
  }
});
