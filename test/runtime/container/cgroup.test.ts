import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import { mountedHierarchies } from "../../../runtime/host/cgroup/mounts.ts";
import { needs } from "../../rig/host.ts";
import { traces } from "../../rig/leaks.ts";
import { written } from "../../rig/processes.ts";
import { outcomeOf, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
const own = readFileSync("/proc/self/cgroup", "utf8");
const hierarchies = mountedHierarchies(own, readFileSync("/proc/self/mountinfo", "utf8"));
const lacks = process.geteuid?.() === 0 ? undefined : "root";
await rig.run(["run", "first", "true"]);
const clean = traces(rig.root);

const inRoot = (title: string, body: (t: TestContext) => Promise<void>) =>
  it(title, async (t) => {
    if (needs(t, lacks)) await body(t);
  });

const PROCESS = /"kind":"process","pid":(\d+)/;

/** The lines of /proc/PID/cgroup of a running container. */
function cgroupsOf(name: string): string[] {
  const [, pid] = PROCESS.exec(readFileSync(join(rig.root, "locks", name), "utf8")) ?? [];
  return readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n");
}

/** The directory of its cgroup with that controller; where there is none of version 1, of version 2. */
function cgroupOf(name: string, controller: string): string {
  const v1 = hierarchies.find(({ controllers }) => controllers.includes(controller));
  const { mount } = v1 ?? hierarchies.find(({ version }) => version === 2) ?? {};
  const line = cgroupsOf(name).find((one) =>
    v1 ? one.split(":")[1]?.split(",").includes(controller) : one.startsWith("0:"),
  );
  return join(mount ?? "", line?.split(":").slice(2).join(":") ?? "");
}

/** A container that runs `script`, which prints a line when it is ready, until it is ended. */
async function running(t: TestContext, name: string, script: string, options: readonly string[] = []) {
  const child = rig.spawn(["run", ...options, name, "sh", "-c", script]);
  const ended = outcomeOf(child);
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  await once(child.stdout as NodeJS.ReadableStream, "data");
  await written(join(rig.root, "locks", name), PROCESS); // the command may print before tinydocker has written its pid
  return { child, ended };
}

const SLEEP = "echo ready; exec sleep 1000";

describe("a container's cgroup", () => {
  inRoot("is its own in every hierarchy, none is its caller's, and it sees none above", async (t) => {
    const { child, ended } = await running(t, "c1", SLEEP);
    const [before, theirs] = [own.trim().split("\n"), cgroupsOf("c1")];
    assert.equal(theirs.length, before.length);
    for (const [i, line] of theirs.entries()) assert.match(line, /\/tinydocker[./]c1\./, `${line}, not ${before[i]}`);
    child.kill("SIGTERM");
    await ended;
    const { stdout } = await rig.run(["run", "c1", "cat", "/proc/self/cgroup"]);
    assert.match(stdout, /^(\d+:[^:]*:\/\n)+$/);
    assert.deepEqual(traces(rig.root), clean);
  });

  inRoot("is all that the container sees at /sys/fs/cgroup, in every hierarchy, with its limits", async () => {
    const script = "cat $(find /sys/fs/cgroup -name cgroup.procs | sort); cat $(find /sys/fs/cgroup -name pids.max)";
    const { stdout } = await rig.run(["run", "--pids-limit", "77", "c1", "sh", "-c", script]);
    // sh, then the programs that it started: find and sort have ended.
    assert.match(stdout, new RegExp(`^(1\\n\\d+\\n){${hierarchies.length}}77\\n$`));
  });

  /** What an attacker does inside: mounts each hierarchy from a user namespace of its own, and looks at all of it. */
  const MOUNT_EACH = hierarchies.map(({ version, controllers }, i) => {
    const names = own.split("\n")[i]?.split(":")[1];
    const type = version === 2 ? "cgroup2" : `cgroup -o ${controllers.length > 0 ? controllers.join() : names}`;
    return `mkdir -p /tmp/h/${i} && mount -t ${type} none /tmp/h/${i} && echo mounted ${i}`;
  });
  /** docker's rules for system calls refuse it before; the cgroups must be enough. */
  const UNCONFINED = ["--security-opt", "seccomp=unconfined"];
  const nested = (script: string) => ["unshare", "-U", "-r", "-m", "-C", "sh", "-c", script];

  inRoot("shows nothing of the host to one who mounts it from a new user and cgroup namespace", async () => {
    const script = `${MOUNT_EACH.join("; ")}; cat $(find /tmp/h -name cgroup.procs)`;
    const { stdout, stderr } = await rig.run(["run", ...UNCONFINED, "c1", ...nested(script)]);
    const mounted = stdout.match(/^mounted/gm)?.length;
    assert.equal(mounted, hierarchies.length, stderr);
    // 0 is a process that the reader can't see, such as one of the host.
    assert.doesNotMatch(stdout, /^0$/m);
    assert.match(stdout, /^\d+$/m);
  });

  inRoot("lets nobody freeze or end a process of the host, not even from there", async () => {
    const bystander = spawn("cat", { stdio: ["pipe", "pipe", "inherit"] });
    const attack = `for d in $(find /tmp/h -type d); do
      for f in freezer.state:FROZEN cgroup.freeze:1 cgroup.kill:1; do
        [ -e $d/\${f%%:*} ] && (echo \${f#*:} >$d/\${f%%:*}) 2>/dev/null; done; done; echo survived`;
    const child = rig.spawn(["run", ...UNCONFINED, "c1", ...nested(`${MOUNT_EACH.join("; ")}; echo go; ${attack}`)]);
    const ended = outcomeOf(child);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    bystander.stdin.write("alive\n");
    assert.equal(String(await once(bystander.stdout, "data")), "alive\n");
    bystander.stdin.end();
    child.kill("SIGTERM");
    const { code, stdout } = await ended;
    assert.ok(code === 137 || code === 143, String(code));
    assert.doesNotMatch(stdout, /survived/);
    assert.deepEqual(traces(rig.root), clean);
  });

  const freezer = hierarchies.some(({ controllers }) => controllers.includes("freezer"));
  const noFreezer = lacks ?? (freezer ? undefined : "the freezer of cgroup v1");

  it("is thawed when the container is to end", async (t) => {
    if (!needs(t, noFreezer)) return;
    const { child, ended } = await running(t, "c1", SLEEP);
    writeFileSync(join(cgroupOf("c1", "freezer"), "freezer.state"), "FROZEN");
    child.kill("SIGTERM");
    assert.equal((await ended).code, 143);
    assert.deepEqual(traces(rig.root), clean);
  });

  it("is thawed and removed by the next start when the program was killed", async (t) => {
    if (!needs(t, noFreezer)) return;
    const { child, ended } = await running(t, "c1", SLEEP);
    writeFileSync(join(cgroupOf("c1", "freezer"), "freezer.state"), "FROZEN");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal((await rig.run(["run", "c2", "true"])).code, 0);
    await ended;
    assert.deepEqual(traces(rig.root), clean);
  });
});

describe("a limit", () => {
  const read = (name: string, controller: string, ...files: readonly string[]) => {
    const cgroup = cgroupOf(name, controller);
    const file = files.find((one) => existsSync(join(cgroup, one))) ?? "";
    return readFileSync(join(cgroup, file), "utf8").trim();
  };

  inRoot("is in force while the container runs: what the kernel has is what was asked for", async (t) => {
    const options = ["-m", "64m", "--memory-swap", "96m", "--cpus", "0.5", "--pids-limit", "50", "--cpuset-cpus", "0"];
    await running(t, "c1", SLEEP, options);
    assert.equal(read("c1", "memory", "memory.limit_in_bytes", "memory.max"), String(64 << 20));
    assert.match(
      read("c1", "memory", "memory.memsw.limit_in_bytes", "memory.swap.max"),
      new RegExp(`^${96 << 20}|${32 << 20}$`),
    );
    assert.match(read("c1", "cpu", "cpu.cfs_quota_us", "cpu.max"), /^50000( 100000)?$/);
    assert.equal(read("c1", "pids", "pids.max"), "50");
    assert.equal(read("c1", "cpuset", "cpuset.cpus"), "0");
  });

  inRoot("of devices is docker's: those a program expects, terminals, and those that are asked for", async (t) => {
    await running(t, "c1", SLEEP, ["--device", "/dev/fuse"]);
    const list = join(cgroupOf("c1", "devices"), "devices.list");
    if (!existsSync(list)) return;
    const expected = [
      "b *:* m",
      "c *:* m",
      "c 10:229 rwm",
      "c 136:* rwm",
      "c 1:3 rwm",
      "c 1:5 rwm",
      "c 1:7 rwm",
      "c 1:8 rwm",
    ];
    const rest = ["c 1:9 rwm", "c 5:0 rwm", "c 5:2 rwm"];
    assert.deepEqual(readFileSync(list, "utf8").trim().split("\n").sort(), [...expected, ...rest]);
  });

  inRoot("of a process is set with both its values, and its OOM score", async () => {
    const options = ["--ulimit", "nofile=20:30", "--ulimit", "core=0", "--oom-score-adj", "500"];
    const script = "ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj";
    const { stdout, stderr } = await rig.run(["run", ...options, "c1", "sh", "-c", script]);
    assert.deepEqual([stdout, stderr], ["20\n30\n0\n500\n", ""]);
  });

  inRoot("of a process that is above the caller's fails the start", async () => {
    const prefix = ["prlimit", "--nofile=100:100", "setpriv", "--bounding-set", "-sys_resource"];
    const { code, stderr } = await rig.run(["run", "--ulimit", "nofile=200", "c1", "true"], { prefix });
    assert.equal(code, 125);
    assert.match(stderr, /setrlimit\(RLIMIT_NOFILE, \{rlim_cur=200, rlim_max=200\}\): EPERM.*\n {2}\S/);
    assert.deepEqual(traces(rig.root), clean);
  });

  inRoot("of a disk is in force", async (t) => {
    const [name] = readdirSync("/sys/block");
    if (!needs(t, name === undefined ? "a disk" : undefined)) return;
    // A machine in a container does not have its node.
    const disk = join(rig.directory, "disk");
    const numbers = readFileSync(`/sys/block/${name}/dev`, "utf8").trim().split(":");
    execFileSync("mknod", [disk, "b", ...numbers]);
    const options = ["--device-read-bps", `${disk}:1m`, "--device-write-iops", `${disk}:10`];
    await running(t, "c1", SLEEP, options);
    assert.match(read("c1", "blkio", "blkio.throttle.read_bps_device", "io.max"), / (rbps=)?1048576/);
    const shown = "{{(index .HostConfig.BlkioDeviceReadBps 0).Rate}} {{json .HostConfig.BlkioDeviceWriteIOps}}";
    assert.equal(
      (await rig.run(["inspect", "-f", shown, "c1"])).stdout,
      `1048576 [{"Path":"/dev/block/${numbers.join(":")}","Rate":10}]\n`,
    );
    const { code, stderr } = await rig.run(["run", "--device-read-bps", "/dev/null:1m", "c2", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /can't limit the rate of \/dev\/null: it is no block device\n {2}\S/);
  });

  inRoot("of processes stops a fork bomb", async () => {
    const script = "for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; echo never";
    const { stdout, stderr } = await rig.run(["run", "--pids-limit", "5", "c1", "sh", "-c", script]);
    assert.equal(stdout, "");
    assert.match(stderr, /fork/i);
  });

  inRoot("of processes that is reached says so to a further command", async () => {
    assert.equal((await rig.run(["run", "-d", "--pids-limit", "1", "c1", "sleep", "1000"])).code, 0);
    const { code, stderr } = await rig.run(["exec", "c1", "true"]);
    assert.equal(code, 125);
    assert.match(
      stderr,
      /EAGAIN, [^\n]*\n {2}the container has as many processes as it may: allow it more with --pids-limit/,
    );
    assert.equal((await rig.run(["rm", "-f", "c1"])).code, 0);
  });

  inRoot("of processors is what the command sees", async () => {
    const grep = ["grep", "Cpus_allowed_list", "/proc/self/status"];
    assert.match((await rig.run(["run", "--cpuset-cpus", "0", "c1", ...grep])).stdout, /:\t0$/m);
  });

  const memory = ["run", "-m", "32m", "--memory-swap", "32m", "c1", "sh", "-c"];
  const USED_UP =
    "tinydocker: the container used up its memory, and the kernel killed a process of it\n  it may use 32m; allow it more with -m\n";

  inRoot("of memory ends a command that exceeds it, which is said as such", async () => {
    const { code, stderr } = await rig.run([...memory, "exec tail /dev/zero"]);
    assert.deepEqual([code, stderr], [137, USED_UP]);
    assert.deepEqual(traces(rig.root), clean);
  });

  inRoot("of memory is said also when it ended another process than the command", async () => {
    const { code, stdout, stderr } = await rig.run([...memory, "tail /dev/zero; echo survived"]);
    assert.deepEqual([code, stdout], [0, "survived\n"]);
    assert.ok(stderr.endsWith(USED_UP), stderr);
  });

  inRoot("of memory is not said of a command that was killed for another reason", async () => {
    const { code, stderr } = await rig.run([...memory, "ulimit -t 1; while :; do :; done"]);
    assert.deepEqual([code, stderr], [137, ""]);
  });

  inRoot("that the kernel refuses fails the start, and leaves nothing", async () => {
    const { code, stdout, stderr } = await rig.run(["run", "--cpuset-cpus", "999", "c1", "echo", "ran"]);
    assert.deepEqual([code, stdout], [125, ""]);
    assert.match(stderr, /^tinydocker: can't give the container processor 999: this machine has \S+\n {2}\S/);
    assert.deepEqual(traces(rig.root), clean);
  });
});
