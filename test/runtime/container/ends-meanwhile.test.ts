import assert from "node:assert/strict";
import { readFileSync, watch, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { cgroupsOf } from "../../../runtime/container/running/running.ts";
import { freeze, isSettled } from "../../../runtime/host/cgroup/freezer.ts";
import { placesOf } from "../../../runtime/state/places.ts";
import { findExisting } from "../../../runtime/state/status.ts";
import { kill, written } from "../../rig/processes.ts";
import { type Point, stoppedAt } from "../stopped-at.ts";
import { DETACH, detachedRig, processIn, TRAPPED } from "./detached-rig.ts";

/** The last one first: the container ends before its files are removed. */
const cleanups: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});
const rig = await detachedRig({ after: (cleanup) => void cleanups.unshift(cleanup) });
const { succeeds } = rig;
cleanups.unshift(() => rig.run(["rm", "-f", "web"]));
const places = placesOf(rig.root, "web");
const source = join(rig.directory, "source");
writeFileSync(source, "copied\n");

/** What the kernel has of the container that runs. */
interface Files {
  /** Below /proc. */
  readonly process: string;
  readonly cgroups: readonly string[];
}

type Case = readonly [words: readonly string[], point: (files: Files) => Point, ...expected: [number, RegExp]];

/** Stops each command at its point, then does something to the container they are about, and compares what each said in the end. */
async function check(cases: readonly Case[], meanwhile: () => Promise<unknown>): Promise<void> {
  await succeeds(...DETACH, "web", ...TRAPPED);
  const files = {
    process: `/proc/${processIn(rig.journal("web"))}`,
    cgroups: cgroupsOf(places, findExisting(places, "web").entries).map(({ path }) => path),
  };
  const stopped = await Promise.all(cases.map(([words, point]) => stoppedAt(rig, point(files), words)));
  await meanwhile();
  for (const { goOn } of stopped) goOn();
  for (const [i, [words, , code, said]] of cases.entries()) {
    const outcome = await stopped[i]?.outcome;
    assert.deepEqual(
      [outcome?.code, said.test(`${outcome?.stdout}${outcome?.stderr}`)],
      [code, true],
      `${words.join(" ")}: ${JSON.stringify(outcome)}`,
    );
  }
}

/** The last thing that is asked before it is taken for one that runs. */
const found = ({ process }: Files): Point => ({ call: "readlink", on: [`${process}/exe`] });
const NOT_RUNNING =
  /^tinydocker: the container web is not running: it is stopped(, and only one that runs can be joined\n {2}tinydocker start web)?\n$/;
const GONE = /^tinydocker: there is no container web\n {2}tinydocker ps -a lists all of them\n$/;

describe("a container that ends while a command", () => {
  it("looks at it is said to have ended, or used as one that has", async () => {
    await check(
      [
        [["cp", source, "web:/copied"], found, 0, /^$/],
        [["exec", "-u", "root", "web", "true"], found, 125, NOT_RUNNING],
        [["top", "web"], found, 125, NOT_RUNNING],
        [["pause", "web"], found, 125, NOT_RUNNING],
        [["commit", "web", "image"], found, 0, /^sha256:[0-9a-f]{64}\n$/],
        [["run", "--image", "box", "--network", "container:web", "--rm", "other", "true"], found, 125, NOT_RUNNING],
        [
          ["exec", "web", "true"],
          ({ cgroups }) => ({ call: "openat", on: cgroups }),
          125,
          /^tinydocker: the container web ended before the command ran in it\n$/,
        ],
        [
          ["stats", "--no-stream", "web"],
          ({ process }) => ({ call: "openat", on: [`${process}/net/dev`] }),
          0,
          /web +-- +-- \/ --/,
        ],
      ],
      async () => {
        await succeeds("kill", "web");
        await succeeds("wait", "web");
      },
    );
    assert.equal(readFileSync(join(places.upper, "copied"), "utf8"), "copied\n");
    await succeeds("rm", "web");
  });

  it("reads its files is not taken for one that has none", async () => {
    const reads = (call: string, path: string) => () => ({ call, on: [path] });
    await check(
      [
        [["diff", "web"], reads("openat", places.upper), 125, GONE],
        [["export", "-o", join(rig.directory, "archive"), "web"], reads("access", places.upper), 125, GONE],
        [["commit", "--pause=false", "web", "image"], reads("openat", places.upper), 125, GONE],
        [["logs", "web"], reads("openat", places.monitor), 125, GONE],
        [["logs", "-f", "web"], reads("openat", places.log), 0, /^up\n$/],
      ],
      () => succeeds("rm", "-f", "web"),
    );
  });

  it("stops it while it is paused is stopped, also where another lets it go on", async () => {
    const freezers = ({ cgroups }: Files) =>
      cgroups.flatMap((path) => ["freezer.state", "cgroup.freeze"].map((file) => join(path, file)));
    await succeeds(...DETACH, "web", ...TRAPPED);
    await succeeds("pause", "web");
    const files = {
      process: "",
      cgroups: cgroupsOf(places, findExisting(places, "web").entries).map(({ path }) => path),
    };
    const stop = await stoppedAt(rig, { call: "openat", on: freezers(files) }, ["stop", "web"]);
    await succeeds("unpause", "web");
    stop.goOn();
    assert.deepEqual(await stop.outcome, { code: 0, signal: null, stdout: "web\n", stderr: "" });
    await succeeds("rm", "web");
  });
});

/** It takes no notice of SIGTERM. */
const DEAF = ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 1000 & wait; done"];

async function pidOf(name: string): Promise<number> {
  return Number(await succeeds("inspect", "-f", "{{.State.Pid}}", name));
}

describe("a container that is started again by its policy", () => {
  const freezerOf = () =>
    cgroupsOf(places, findExisting(places, "web").entries).find(
      ({ path, version }) => isSettled(path, version) !== undefined,
    ) ?? assert.fail("it has no freezer");
  const members = (path: string) => readFileSync(join(path, "cgroup.procs"), "utf8").trim().split("\n").map(Number);

  it("is not stopped by a pause that came as it ended", async () => {
    await succeeds(...DETACH, "--restart", "always", "web", ...TRAPPED);
    const events = join(rig.root, "events");
    const pause = await stoppedAt(rig, { call: "openat", on: [events] }, ["pause", "web"]);
    kill(await pidOf("web"));
    await written(events, /"die".*\n.*"start"/);
    pause.goOn();
    const { code, stderr } = await pause.outcome;
    assert.deepEqual([code, NOT_RUNNING.test(stderr)], [125, true], stderr);
    assert.equal(await succeeds("inspect", "-f", "{{.State.Status}}", "web"), "running\n");
    await succeeds("rm", "-f", "web");
  });

  it("is stopped and removed where a pause that came as it ended was killed before it let it go on", async () => {
    for (const words of [["rm", "-f"], ["kill"], ["stop"]]) {
      const id = (await succeeds(...DETACH, "--restart", "always", "web", "sh", "-c", "exit 1")).trim();
      await written(join(rig.root, "events"), new RegExp(`"die".*${id}.*\n$`));
      const { path, version } = freezerOf();
      freeze(path, version, true);
      // What is to become its next process.
      while (members(path)[0] === 0) await setImmediate();
      await succeeds(...words, "web");
      assert.equal((await rig.run(["rm", "-f", "web"])).code, 0);
    }
  });

  it("goes on where it was killed while it was paused", async () => {
    await succeeds(...DETACH, "--restart", "always", "web", ...TRAPPED);
    const { path, version } = freezerOf();
    await succeeds("pause", "web");
    kill(await pidOf("web"));
    // Of version 1, it ends only then.
    if (version === 1) freeze(path, version, false);
    await written(join(rig.root, "events"), /"pause".*\n.*"die".*\n.*"start"/);
    assert.equal(await succeeds("exec", "web", "echo", "here"), "here\n");
    await succeeds("rm", "-f", "web");
  });
});

describe("a container that is renamed while a command", () => {
  const renamed = async (name: string) => {
    await succeeds("rename", name, `${name}-renamed`);
    await succeeds(...DETACH, name, ...DEAF);
    return pidOf(name);
  };
  const stopping = { call: "pidfd_send_signal" };

  it("stops it is the one that is stopped, and not another that has its name by then", async () => {
    await succeeds(...DETACH, "web", ...DEAF);
    const stop = await stoppedAt(rig, stopping, ["stop", "-t", "0", "web"]);
    const other = await renamed("web");
    stop.goOn();
    assert.deepEqual(await stop.outcome, { code: 0, signal: null, stdout: "web\n", stderr: "" });
    assert.deepEqual([await pidOf("web-renamed"), await pidOf("web")], [0, other]);
    await succeeds("rm", "-f", "web", "web-renamed");
  });

  it("starts it again is the one that is started again", async () => {
    await succeeds(...DETACH, "web", ...DEAF);
    const first = await pidOf("web");
    const restart = await stoppedAt(rig, stopping, ["restart", "-t", "0", "web"]);
    const other = await renamed("web");
    restart.goOn();
    // What traces it traces what it starts as well, and ends only with that.
    await written(join(rig.root, "events"), /"action":"restart"/);
    const second = await pidOf("web-renamed");
    assert.ok(second > 0 && second !== first, `${second}, and ${first} before`);
    assert.equal(await pidOf("web"), other);
    await succeeds("rm", "-f", "web", "web-renamed");
    assert.deepEqual(await restart.outcome, { code: 0, signal: null, stdout: "web\n", stderr: "" });
  });

  it("makes an image of it goes on afterwards", async () => {
    await succeeds(...DETACH, "web", ...TRAPPED);
    const commit = await stoppedAt(rig, { call: "openat", on: [places.upper] }, ["commit", "web", "image"]);
    assert.equal(await succeeds("inspect", "-f", "{{.State.Paused}}", "web"), "true\n");
    await succeeds("rename", "web", "site");
    commit.goOn();
    assert.equal((await commit.outcome).code, 0);
    assert.equal(await succeeds("inspect", "-f", "{{.State.Paused}}", "site"), "false\n");
    await succeeds("rm", "-f", "site");
  });
});

describe("a container that is being started", () => {
  /** Two commands that wait for what is to become of it. */
  async function started(...command: string[]) {
    await succeeds("create", "--image", "box", "--network", "none", "web", ...command);
    const start = await stoppedAt(rig, { call: "pivot_root" }, ["start", "web"]);
    const waiting = { call: "readlink", on: [`/proc/${start.pid}/exe`], n: 2 };
    return { start, second: await stoppedAt(rig, waiting, ["start", "web"]), waiting };
  }

  it("is not killed before its command runs, of which its starter would know no reason", async () => {
    const { start, second, waiting } = await started(...TRAPPED);
    const kill = await stoppedAt(rig, waiting, ["kill", "web"]);
    start.goOn();
    for (const one of [second, kill]) {
      one.goOn();
      assert.deepEqual(await one.outcome, { code: 0, signal: null, stdout: "web\n", stderr: "" });
    }
    assert.deepEqual(await start.outcome, { code: 0, signal: null, stdout: "web\n", stderr: "" });
    assert.equal(await succeeds("wait", "web"), "137\n");
    await succeeds("rm", "web");
  });

  it("is not said to run to another who starts it, where its command can't", async () => {
    const { start, second } = await started("/nowhere");
    for (const one of [start, second]) {
      one.goOn();
      const { code, stderr } = await one.outcome;
      assert.equal(code, 127);
      assert.match(stderr, /^tinydocker: .*\/nowhere/);
    }
    await succeeds("rm", "web");
  });
});

describe("a file that another command copies there at the same moment", () => {
  it("is replaced by the last one", async () => {
    await succeeds(...DETACH, "web", ...TRAPPED);
    await succeeds("cp", source, "web:/copied");
    const cp = await stoppedAt(rig, { call: "unlink" }, ["cp", source, "web:/copied"]);
    await succeeds("cp", join(rig.directory, "rootfs/etc/script"), "web:/copied");
    cp.goOn();
    assert.deepEqual(await cp.outcome, { code: 0, signal: null, stdout: "", stderr: "" });
    assert.equal(await succeeds("exec", "web", "cat", "/copied"), "copied\n");
    await succeeds("rm", "-f", "web");
  });
});

describe("a container that is removed as soon as it has ended", () => {
  it("is waited for with its exit code all the same", async () => {
    await succeeds(...DETACH, "web", ...TRAPPED);
    // The first one is of its own process.
    const wait = await stoppedAt(rig, { call: "pidfd_open", n: 2 }, ["wait", "web"]);
    await succeeds("stop", "web");
    await succeeds("rm", "web");
    wait.goOn();
    assert.deepEqual(await wait.outcome, { code: 0, signal: null, stdout: "3\n", stderr: "" });
  });
});

describe("the command that undoes what a container left", () => {
  it("leaves nothing for another to see where it was removed already", async () => {
    const locks = join(rig.root, "locks");
    const seen: (string | null)[] = [];
    const watcher = watch(locks);
    const last = new Promise<void>((resolve) => {
      watcher.on("change", (_event, name) => {
        seen.push(String(name));
        if (name === "last") resolve();
      });
    });
    assert.equal((await rig.run(["undo", "web"])).code, 1);
    writeFileSync(join(locks, "last"), "");
    await last;
    watcher.close();
    assert.deepEqual([...new Set(seen)], ["last"]);
  });
});

describe("a system call that fails where nobody expects it", () => {
  it("is reported with its file, and without a stack", async () => {
    const lock = join(rig.root, "locks/web");
    writeFileSync(lock, "");
    const prefix = [
      "strace",
      "-f",
      "--quiet=attach,exit,path-resolution",
      "-o",
      "/dev/null",
      "-P",
      lock,
      "-e",
      "inject=openat:error=EIO",
    ];
    const { code, stderr } = await rig.run(["inspect", "web"], { prefix });
    assert.equal(code, 125);
    assert.match(stderr, /^tinydocker: open \S+\/locks\/web: EIO, i\/o error\n {2}.*try again.*\n$/);
  });
});
