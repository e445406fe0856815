import assert from "node:assert/strict";
import { once } from "node:events";
import { readlinkSync, watch } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { gone, written } from "../../rig/processes.ts";
import { detachedRig, processIn } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, journal, left, clean, statusOf } = rig;
const run = (...words: string[]) => succeeds("run", "--image", "box", ...words);
const inOf = (kind: string, pid: number) => readlinkSync(`/proc/${pid}/ns/${kind}`);

async function fails(message: RegExp, ...words: string[]): Promise<void> {
  const { code, stderr } = await rig.run(words);
  assert.equal(code, 125, words.join(" "));
  assert.match(stderr, message);
}

afterEach(async () => {
  for (const name of ["web", "d1"]) await rig.run(["rm", "-f", name]);
  assert.deepEqual(left(), clean);
});

/** The container's process in that pid namespace, once the journal names it: its output may be seen before. */
async function recordedIn(namespace: string, name: string): Promise<number> {
  const changes = watch(join(rig.root, "locks"));
  try {
    for (let pid = 0; ; await once(changes, "change")) {
      pid = processIn(journal(name));
      if (pid !== 0 && inOf("pid", pid) === namespace) return pid;
    }
  } finally {
    changes.close();
  }
}

describe("a container", () => {
  it("joins the processes, shared memory and network of another one that runs, in the foreground and in the background", async () => {
    await detach("--ipc", "shareable", "-h", "house", "web", "sh", "-c", "echo kept >/dev/shm/x; exec sleep 1000");
    const web = processIn(journal("web"));
    const joined = ["--pid", "container:web", "--ipc", "container:web", "--network", "container:web"];
    const script =
      "cat /dev/shm/x; hostname; cat /proc/1/cmdline; for n in pid ipc net; do readlink /proc/self/ns/$n; done";
    assert.equal(
      (await run(...joined, "c1", "sh", "-c", script)).replaceAll("\0", " "),
      `kept\nhouse\nsleep 1000 ${["pid", "ipc", "net"].map((kind) => `${inOf(kind, web)}\n`).join("")}`,
    );
    await succeeds("run", "-d", "--image", "box", ...joined, "d1", "sleep", "1000");
    const d1 = processIn(journal("d1"));
    for (const kind of ["pid", "ipc", "net"]) assert.equal(inOf(kind, d1), inOf(kind, web));
    for (const kind of ["mnt", "uts", "cgroup"]) assert.notEqual(inOf(kind, d1), inOf(kind, web));
    assert.match(await succeeds("exec", "d1", "ps"), /sleep 1000[\s\S]*sleep 1000/);
    const { id = "" } = journal("web").record ?? {};
    const modes = await succeeds(
      "inspect",
      "-f",
      "{{with .HostConfig}}{{.PidMode}} {{.IpcMode}} {{.NetworkMode}}{{end}}",
      "d1",
    );
    assert.match(modes, /^(container:[0-9a-f]{64} ?){3}\n$/);
    assert.ok(modes.includes(id));
    await succeeds("stop", "-t", "0", "d1");
    await gone(d1);
    await succeeds("start", "d1");
    const again = processIn(journal("d1"));
    await succeeds("stop", "-t", "0", "web");
    await gone(again);
    await fails(/the container web is not running[^\n]*\n {2}tinydocker start web/, "start", "d1");
    await fails(
      /the container web is not running/,
      "run",
      "--image",
      "box",
      "--network",
      "container:web",
      "c1",
      "true",
    );
    await succeeds("start", "web");
    await succeeds("start", "d1");
  });

  it("whose own processes go on in another pid namespace ends them at its own end, and before it is started again", async () => {
    await detach("--init", "web", "sleep", "1000");
    const script = "ps -o comm | grep -cx sleep; sleep 1000 & sleep 0.1; exit 1";
    await detach("--restart", "on-failure:2", "--pid", "container:web", "d1", "sh", "-c", script);
    await gone(journal("d1").monitor?.pid ?? 0);
    // That of web alone.
    assert.equal(await succeeds("logs", "d1"), "1\n1\n1\n");
    assert.equal(await succeeds("exec", "web", "sh", "-c", "ps -o comm | grep -cx sleep"), "1\n");
  });

  it("joins the other as it runs by then when its policy starts it again", async () => {
    await detach("web", "sleep", "1000");
    const script = "readlink /proc/self/ns/net; trap 'exit 1' USR1; echo ready; while :; do sleep 1000 & wait; done";
    const joined = ["--network", "container:web", "--restart", "always", "d1", "sh", "-c", script];
    await succeeds("run", "-d", "--image", "box", ...joined);
    const log = join(rig.root, "monitors/d1/log");
    await written(log, /ready/);
    const before = inOf("net", processIn(journal("web")));
    await succeeds("restart", "-t", "0", "web");
    const renewed = inOf("net", processIn(journal("web")));
    await succeeds("kill", "-s", "USR1", "d1");
    await written(log, /ready.*ready/s);
    assert.equal(await succeeds("logs", "d1"), `${before}\nready\n${renewed}\nready\n`);
  });

  it("waits for the other one to run before its policy starts it again, as its log says, and spends no try on that", async () => {
    await detach("web", "sleep", "1000");
    const script = "trap 'exit 1' USR1; echo ready; while :; do sleep 1000 & wait; done";
    const joined = ["--network", "container:web", "--restart", "on-failure:1", "d1", "sh", "-c", script];
    await succeeds("run", "-d", "--image", "box", ...joined);
    const log = join(rig.root, "monitors/d1/log");
    await written(log, /ready/);
    await succeeds("stop", "-t", "0", "web");
    await succeeds("kill", "-s", "USR1", "d1");
    await written(log, /started again/);
    assert.match((await statusOf("d1")) ?? "", /^Restarting \(1\)/);
    await succeeds("start", "web");
    await written(log, /ready.*ready/s);
    const remark = "the container is started again once each container whose namespaces it joins runs";
    const { stderr } = await rig.run(["logs", "d1"]);
    assert.equal(stderr, `tinydocker: ${remark}\n`);
    const { monitor } = journal("d1");
    const restarts = () => succeeds("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", "d1");
    assert.equal(await restarts(), "running 1\n");
    await succeeds("kill", "-s", "USR1", "d1");
    await gone(monitor?.pid ?? 0);
    assert.equal(await restarts(), "exited 1\n");
    await succeeds("start", "d1");
    assert.equal(await restarts(), "running 0\n");
  });

  it("is not started again by its policy once the other one was removed, as its log says", async () => {
    await detach("web", "sleep", "1000");
    const script = "trap 'exit 1' USR1; echo ready; while :; do sleep 1000 & wait; done";
    await succeeds(
      "run",
      "-d",
      "--image",
      "box",
      "--network",
      "container:web",
      "--restart",
      "always",
      "d1",
      "sh",
      "-c",
      script,
    );
    await written(join(rig.root, "monitors/d1/log"), /ready/);
    const { monitor } = journal("d1");
    await succeeds("rm", "-f", "web");
    await succeeds("kill", "-s", "USR1", "d1");
    await gone(monitor?.pid ?? 0);
    assert.equal(await statusOf("d1"), "Exited (1)");
    const { stderr } = await rig.run(["logs", "d1"]);
    assert.match(stderr, /not started again: a container whose namespaces it joins was removed/);
  });

  it("ends with what it started when the program that started it is killed", async () => {
    await detach("--init", "web", "sleep", "1000");
    const started = rig.spawn([
      "run",
      "--image",
      "box",
      "--pid",
      "container:web",
      "c1",
      "sh",
      "-c",
      "sleep 1000 & echo up; wait",
    ]);
    assert.equal(String((await once(started.stdout ?? assert.fail(), "data"))[0]), "up\n");
    const pid = await recordedIn(inOf("pid", processIn(journal("web"))), "c1");
    started.kill("SIGKILL");
    await gone(pid);
    assert.equal(await run("c1", "echo", "free"), "free\n");
    assert.equal(await succeeds("exec", "web", "sh", "-c", "ps -o comm | grep -cx sleep"), "1\n");
  });

  it("has the machine's namespaces where that was asked for, and nothing of them is changed", async () => {
    const own = (kind: string) => `${readlinkSync(`/proc/self/ns/${kind}`)}\n`;
    const script =
      "hostname; for n in pid ipc uts; do readlink /proc/self/ns/$n; done; (echo x >/proc/sys/kernel/hostname) 2>/dev/null || echo kept";
    assert.equal(
      await run("--pid", "host", "--ipc", "host", "--uts", "host", "c1", "sh", "-c", script),
      `${hostname()}\n${own("pid")}${own("ipc")}${own("uts")}kept\n`,
    );
    assert.equal(
      await run("--ipc", "none", "c1", "sh", "-c", "ls /dev/shm 2>&1 || true"),
      "ls: /dev/shm: No such file or directory\n",
    );
    assert.equal(await run("--pid", "host", "--init", "c1", "sh", "-c", "(sleep 0.1; exit 3) & echo ok"), "ok\n");
  });

  it("says that it has no shared memory of its own to be given a size", async () => {
    for (const [ipc, why] of [
      ["host", "its /dev/shm is this machine's"],
      ["none", "it has no /dev/shm"],
    ] as const) {
      const words = ["run", "--image", "box", "--network", "none", "--ipc", ipc, "--shm-size", "1m", "c1", "echo", "x"];
      const { code, stdout, stderr } = await rig.run(words);
      assert.deepEqual([code, stdout], [0, "x\n"]);
      assert.equal(stderr, `tinydocker: warning: --shm-size has no effect with --ipc ${ipc}: ${why}\n`);
    }
  });

  it("joins no container that is not there, keeps its memory to itself, or is the same", async () => {
    await detach("web", "sleep", "1000");
    await fails(/there is no container nosuch/, "run", "--image", "box", "--pid", "container:nosuch", "c1", "true");
    await fails(
      /keeps its IPC namespace to itself\n {2}start that one/,
      "run",
      "--image",
      "box",
      "--ipc",
      "container:web",
      "c1",
      "true",
    );
    await fails(/there is no container c1/, "run", "--image", "box", "--network", "container:c1", "c1", "true");
  });
});
