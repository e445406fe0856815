import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";
import { detachedRig } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, statusOf, left, clean } = rig;

afterEach(async () => {
  await rig.run(["rm", "-f", "d1"]);
  assert.deepEqual(left(), clean);
});

/** Its limit, and that of its cgroup. */
async function memoryOf(name: string): Promise<[number, string | undefined]> {
  const asked = Number(await succeeds("inspect", "-f", "{{.HostConfig.Memory}}", name));
  const used = await succeeds("stats", "--no-stream", "--format", "{{.MemUsage}}", name);
  return [asked, used.trim().split(" / ")[1]];
}

describe("tinydocker update", () => {
  it("gives a container that runs another restart policy, for its next end", async () => {
    const exits = ["sh", "-c", "trap 'exit 3' USR1; echo up; while :; do sleep 1000 & wait; done"];
    await detach("--restart", "always", "d1", ...exits);
    const log = rig.spawn(["logs", "-f", "d1"]);
    // With the monitor.
    const logged = new Promise((resolve) => log.once("close", resolve));
    await new Promise((resolve) => log.stdout?.once("data", resolve));
    assert.equal(await succeeds("update", "--restart=no", "d1"), "d1\n");
    await succeeds("kill", "-s", "USR1", "d1");
    await logged;
    assert.equal(await statusOf("d1"), "Exited (3)");
    assert.equal(await succeeds("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}}", "d1"), "no\n");
    const told = await succeeds("events", "--since", "1h", "--until", "0s", "-f", "event=update", "-f", "container=d1");
    assert.match(told, /^\S+ container update [0-9a-f]{64} \(image=box, name=d1\)\n$/);
  });

  it("gives one that was never started a policy and limits, which it keeps", async () => {
    await succeeds("create", "--image", "box", "--network", "none", "d1", "sh", "-c", "echo up; exit 3");
    await succeeds("update", "--restart", "on-failure:2", "-m", "20m", "d1");
    await succeeds("start", "d1");
    assert.equal(await succeeds("logs", "-f", "d1"), "up\nup\nup\n");
    const shown = "{{.RestartCount}} {{.HostConfig.RestartPolicy.MaximumRetryCount}} {{.HostConfig.Memory}}";
    assert.equal(await succeeds("inspect", "-f", shown, "d1"), `2 2 ${20 << 20}\n`);
  });

  it("limits one that runs to more and to less, also after its next start, and leaves other limits as they are", async () => {
    await detach("-m", "64m", "--cpu-shares", "500", "d1", "sleep", "1000");
    await succeeds("update", "--memory", "128m", "--pids-limit", "50", "d1");
    assert.deepEqual(await memoryOf("d1"), [128 << 20, "128MiB"]);
    await succeeds("update", "-m32m", "d1");
    await succeeds("restart", "-t", "0", "d1");
    assert.deepEqual(await memoryOf("d1"), [32 << 20, "32MiB"]);
    const others = "{{.HostConfig.CpuShares}} {{.HostConfig.PidsLimit}}";
    assert.equal(await succeeds("inspect", "-f", others, "d1"), "500 50\n");
    const limit = "cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null || true";
    assert.equal(await succeeds("exec", "d1", "sh", "-c", limit), "50\n");
    await succeeds("update", "--pids-limit", "-1", "d1");
    assert.equal(await succeeds("exec", "d1", "sh", "-c", limit), "max\n");
  });

  it("refuses limits that this machine can't apply also before a start, which then succeeds", async () => {
    await succeeds("create", "--image", "box", "--network", "none", "d1", "true");
    const { code, stderr } = await rig.run(["update", "--cpus", "1000", "-m", "20m", "d1"]);
    assert.deepEqual([code, /can't give the container 1000 processors/.test(stderr)], [125, true], stderr);
    await succeeds("start", "d1");
    assert.equal(await succeeds("inspect", "-f", "{{.HostConfig.Memory}}", "d1"), "0\n");
  });

  it("refuses what can't be changed, and changes nothing then", async () => {
    await detach("--rm", "d1", "sleep", "1000");
    for (const [words, message] of [
      [["d1"], /there is nothing to change: neither a limit nor --restart is given/],
      [["--restart", "maybe", "d1"], /--restart takes no, on-failure\[:N\], always or unless-stopped, not "maybe"/],
      [["--restart", "always", "-m", "20m", "d1"], /d1 is removed when it ends, so it can't be started again/],
      [["--memory-swap", "20m", "d1"], /the swap limit needs a memory limit/],
      [["--cpus", "1000", "-m", "20m", "d1"], /can't give the container 1000 processors/],
      [["-m", "20m", "nosuch"], /there is no container nosuch/],
      [["-m", "20m"], /the name of the container is missing/],
    ] as const) {
      const { code, stderr } = await rig.run(["update", ...words]);
      assert.deepEqual([code, message.test(stderr)], [125, true], stderr);
    }
    assert.equal(await succeeds("inspect", "-f", "{{.HostConfig.Memory}}", "d1"), "0\n");
  });
});
