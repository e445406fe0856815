import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { EventEmitter } from "node:events";
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { after, describe, it, type TestContext, test } from "node:test";
import koffi from "koffi";
import { abi } from "../../../runtime/host/abi.ts";
import type { ShimEvent } from "../../../runtime/host/events.ts";
import { openShim } from "../../../runtime/host/shim.ts";
import type { SpawnOptions } from "../../../runtime/host/spawn-options.ts";
import { CLONE } from "../../../runtime/linux.ts";
import { encodePlan } from "../../../runtime/plan/codec.ts";
import type { Step } from "../../../runtime/plan/step.ts";
import { NAMESPACES, type PlanOptions, plainPlan, plainRoot } from "../../native/plans.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";

const ERRNO = constants.errno;
const directory = await temporaryDirectory({ after });
const root = await plainRoot(join(directory, "root"));
const devNull = openSync("/dev/null", "r+");
after(() => closeSync(devNull));
const shim = await openShim();
const notRoot = process.geteuid?.() === 0 ? undefined : "root";

interface Started {
  readonly pid: number;
  signal(number: number): void;
  /** Settles once the command runs; rejects with the event that says why it does not. */
  readonly executed: Promise<void>;
  readonly exited: Promise<void>;
}

type Extras = Partial<Pick<SpawnOptions, "stdio" | "relayed" | "terminal" | "extra" | "cgroup">>;

function spawn(plan: PlanOptions, extras: Extras = {}): ReturnType<typeof shim.spawn> {
  return shim.spawn({
    plan: plainPlan(plan),
    namespaces: NAMESPACES,
    stdio: [devNull, devNull, devNull],
    lock: -1,
    identity: { uid: 0, gid: 0 },
    terminal: plan.terminal ?? false,
    ...extras,
  });
}

function start(plan: PlanOptions, extras: Extras = {}): Started {
  const spawned = spawn(plan, extras);
  if ("errno" in spawned) assert.fail(`td_spawn: errno ${spawned.errno} at ${spawned.stage}`);
  const { pid, pidfd, container } = spawned;
  const events = new EventEmitter<{ executed: []; failed: [Error]; exited: [] }>();
  const executed = new Promise<void>((resolve, reject) => {
    events.once("executed", resolve).once("failed", reject);
  });
  const exited = new Promise<void>((resolve) => events.once("exited", resolve));
  executed.catch(() => {});
  shim.listen(container, (event: ShimEvent) => {
    if (event.kind === "executed") events.emit("executed");
    if (event.kind === "failed") events.emit("failed", new Error(`step ${event.step}: errno ${event.errno}`));
    if (event.kind !== "exited") return;
    closeSync(pidfd);
    events.emit("exited");
  });
  return { pid, signal: (number) => assert.equal(shim.signal(pidfd, number), 0), executed, exited };
}

/** The output of a plan's command. */
async function outputOf(plan: PlanOptions, extras: Extras = {}): Promise<string> {
  const file = join(directory, "output");
  const output = openSync(file, "w");
  const { executed, exited } = start(plan, { ...extras, stdio: [devNull, output, output] });
  closeSync(output);
  await executed;
  await exited;
  return readFileSync(file, "utf8");
}

const O_CLOEXEC = 0o2000000;
const PR_GET_DUMPABLE = 3;

/** A detached copy of a mount, as open_tree(2) makes it. */
function openTree(path: string): number {
  const [SYS_open_tree, AT_FDCWD, OPEN_TREE_CLONE] = [428, -100, 1];
  const syscall = koffi.load("libc.so.6").func("long syscall(long number, int at, const char *path, uint32_t flags)");
  const fd = Number(syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC));
  assert.ok(fd >= 0);
  return fd;
}

test("a library whose options have another layout has another hash, so it is not used", () => {
  const copy = join(directory, "native");
  cpSync("native", copy, { recursive: true, filter: (path) => !path.endsWith("/build") });
  const header = readFileSync(join(copy, "shim.h"), "utf8").replace(/_Static_assert\([^;]*"td_spawn_options"\);/, "");
  const other = header.replace("uid_map, gid_map;", "gid_map, uid_map;");
  assert.notEqual(other, header);
  writeFileSync(join(copy, "shim.h"), other);
  const library = join(directory, "libtinydocker.so");
  execFileSync("make", ["-s", "-C", copy, "CFLAGS=-O0", `OUT=${directory}`, library]);
  const addon = { exports: { abi: () => 0n } };
  process.dlopen(addon, library);
  assert.notEqual(addon.exports.abi(), 0n);
  assert.notEqual(addon.exports.abi(), abi());
});

describe("the shim's threads", () => {
  it("block every signal, so that no handler of Node.js runs on them", async (t) => {
    if (!needs(t, notRoot)) return;
    const container = start({ root, args: ["sleep", "1000"], terminal: true });
    await container.executed;
    // All but SIGKILL and SIGSTOP, and two of the C library's own, which a thread that begins still blocks.
    const blockable = [9, 19, 32, 33].reduce((mask, number) => mask & ~(1n << BigInt(number - 1)), 2n ** 64n - 1n);
    const threads = readdirSync("/proc/self/task")
      .map((id) => readFileSync(`/proc/self/task/${id}/status`, "utf8"))
      .map((status) => [field(status, "Name"), BigInt(`0x${field(status, "SigBlk")}`) & blockable] as const)
      .filter(([name]) => name.startsWith("td-"));
    container.signal(constants.signals.SIGKILL);
    await container.exited;
    assert.deepEqual(threads.sort(), [
      ["td-events", blockable],
      ["td-terminal", blockable],
      ["td-watch", blockable],
    ]);
  });
});

function field(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
}

describe("extra descriptors", () => {
  it("are the slots of the plan, in their order, and do not reach the command", async (t) => {
    if (!needs(t, notRoot)) return;
    const shared = join(directory, "shared");
    mkdirSync(shared);
    writeFileSync(join(shared, "file"), "through a slot\n");
    const extra = [devNull, openTree(shared)];
    const output = await outputOf(
      {
        root,
        args: ["sh", "-c", "cat /mnt/file; ls /proc/self/fd"],
        more: [{ op: "MOVE_MOUNT", slot: 1, path: "/mnt", reason: "bind" }],
      },
      { extra },
    );
    closeSync(extra[1] ?? -1);
    // 3: ls reads that directory.
    assert.equal(output, "through a slot\n0\n1\n2\n3\n");
  });

  it("leave the slots after them empty", async (t) => {
    if (!needs(t, notRoot)) return;
    const container = start(
      { root, args: ["true"], more: [{ op: "MOVE_MOUNT", slot: 1, path: "/mnt", reason: "bind" }] },
      { extra: [devNull] },
    );
    await assert.rejects(container.executed, new RegExp(`errno ${ERRNO.EBADF}$`));
    await container.exited;
  });

  it("are refused when there are too many, or one is not open", (t) => {
    if (!needs(t, notRoot)) return;
    const plan = { root, args: ["true"] };
    const many = (count: number) => Array.from({ length: count }, () => devNull);
    assert.throws(() => spawn(plan, { extra: many(33) }), new RangeError("at most 32 descriptors, got 33"));
    assert.deepEqual(spawn(plan, { extra: [devNull, -1] }), { errno: ERRNO.EINVAL, stage: "prepare" });
    assert.deepEqual(spawn(plan, { extra: [1_000_000] }), { errno: ERRNO.EBADF, stage: "descriptors" });
  });

  it("can be as many as 32", async (t) => {
    if (!needs(t, notRoot)) return;
    const extra = Array.from({ length: 32 }, () => devNull);
    assert.equal(await outputOf({ root, args: ["ls", "/proc/self/fd"] }, { extra }), "0\n1\n2\n3\n");
  });
});

describe("a container that waits", () => {
  const held = { root, args: ["true"], more: [{ op: "AWAIT", slot: 0, reason: "mapIds" }] } as const;

  it("runs its command once a byte is written", async (t) => {
    if (!needs(t, notRoot)) return;
    const { read, write } = pipe();
    const container = start(held, { extra: [read] });
    closeSync(read);
    let executed = false;
    container.executed.then(() => {
      executed = true;
    });
    // Meanwhile another one starts and ends.
    assert.equal(await outputOf({ root, args: ["echo", "other"] }), "other\n");
    assert.equal(executed, false);
    writeSync(write, "x");
    closeSync(write);
    await container.executed;
    await container.exited;
  });

  it("does not start when the other end is closed without a byte", async (t) => {
    if (!needs(t, notRoot)) return;
    const { read, write } = pipe();
    const container = start(held, { extra: [read] });
    closeSync(read);
    closeSync(write);
    await assert.rejects(container.executed, new RegExp(`errno ${ERRNO.ECANCELED}$`));
    await container.exited;
  });
});

function pipe(): { read: number; write: number } {
  const ends = new Int32Array(2);
  assert.equal(koffi.load("libc.so.6").func("int pipe2(int *ends, int flags)")(ends, O_CLOEXEC), 0);
  const [read = -1, write = -1] = ends;
  return { read, write };
}

describe("a process whose users are mapped later", () => {
  it("keeps its capabilities until then, and Node.js its dumpable flag", async (t) => {
    if (!needs(t, notRoot)) return;
    const dumpable = () => koffi.load("libc.so.6").func("int prctl(int option)")(PR_GET_DUMPABLE);
    const { read, write } = pipe();
    const file = join(directory, "status");
    const output = openSync(file, "w");
    const steps: Step[] = [
      { op: "AWAIT", slot: 0, reason: "mapIds" },
      { op: "SETHOSTNAME", name: "mapped", reason: "hostname" },
      { op: "EXEC", args: ["cat", "/proc/self/status"], env: [], search: "/bin", reason: "exec" },
    ];
    const spawned = shim.spawn({
      plan: encodePlan(steps, false),
      namespaces: CLONE.CLONE_NEWUSER | CLONE.CLONE_NEWUTS,
      stdio: [devNull, output, output],
      lock: -1,
      terminal: false,
      extra: [read],
    });
    assert.ok(!("errno" in spawned));
    const exited = new Promise<void>((resolve) => {
      shim.listen(spawned.container, ({ kind }) => kind === "exited" && resolve());
    });
    for (const map of ["uid_map", "gid_map"]) writeFileSync(`/proc/${spawned.pid}/${map}`, "0 0 1\n");
    writeSync(write, "x");
    await exited;
    for (const fd of [read, write, output, spawned.pidfd]) closeSync(fd);
    const status = readFileSync(file, "utf8");
    assert.match(field(status, "CapEff"), /^0*1f*ffffffff$/i, status);
    assert.equal(dumpable(), 1);
  });
});

describe("a cgroup descriptor", () => {
  it("is the cgroup in which the container starts", async (t) => {
    const parent = cgroup2();
    if (!needs(t, notRoot) || !needs(t, parent === undefined ? "a cgroup2 file system that can be written" : undefined))
      return;
    const cgroup = newCgroup(t, parent ?? "");
    const container = start({ root, args: ["sleep", "1000"] }, { cgroup: cgroup.fd });
    await container.executed;
    const members = readFileSync(join(cgroup.path, "cgroup.procs"), "utf8");
    container.signal(constants.signals.SIGKILL);
    await container.exited;
    assert.equal(members, `${container.pid}\n`);
  });

  it("is refused if it is not a cgroup", (t) => {
    if (!needs(t, notRoot)) return;
    assert.deepEqual(spawn({ root, args: ["true"] }, { cgroup: devNull }), { errno: ERRNO.EBADF, stage: "clone" });
  });
});

describe("a directory that is removed", () => {
  it("may be removed at the same time, as one container's parts are by several threads", async () => {
    const path = join(directory, "removed");
    for (let i = 0; i < 500; i++) mkdirSync(join(path, `${i % 20}/${i}`), { recursive: true });
    assert.deepEqual(await Promise.all(Array.from({ length: 4 }, () => shim.remove(path))), [0, 0, 0, 0]);
    assert.equal(existsSync(path), false);
  });
});

describe("a caught signal", () => {
  it("that says that this program itself is at fault ends it", () => {
    const { signal, stdout } = spawnSync("node", ["--import", "tsx", "test/runtime/host/fault-once.ts"]);
    assert.deepEqual([signal, String(stdout)], ["SIGSEGV", "caught 11\n"]);
  });
});

/** Where cgroup v2 is mounted, alone or beside cgroup v1. */
function cgroup2(): string | undefined {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return mounts.find((line) => / - cgroup2 \S+ rw/.test(line))?.split(" ")[4];
}

function newCgroup(t: TestContext, parent: string): { path: string; fd: number } {
  const path = join(parent, `tinydocker-test.${process.pid}`);
  mkdirSync(path);
  const fd = openSync(path, "r");
  t.after(() => {
    closeSync(fd);
    rmdirSync(path);
  });
  return { path, fd };
}
