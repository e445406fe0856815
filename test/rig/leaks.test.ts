import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { bridgeName, tableName } from "../../runtime/network/link-names.ts";
import { needs, temporaryDirectory } from "./host.ts";
import { type Traces, traces } from "./leaks.ts";
import { gone, kill } from "./processes.ts";

/** A name that no other test uses, so that tests which run at the same time are not affected. */
const NAME = `rig-${process.pid}`;
const OTHER = `another-program-${process.pid}`;

/** Where the machine's cgroup hierarchies are mounted: one of v2, several of v1, or both. */
function hierarchies(): string[] {
  const lines = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const mounted = lines.filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(" ")[4] ?? "");
  return mounted.filter((path) => path.startsWith("/sys/fs/cgroup"));
}

function missing(): string | undefined {
  if (process.getuid?.() !== 0) return "root";
  try {
    for (const path of hierarchies()) accessSync(path, constants.W_OK);
  } catch {
    return "a writable cgroup file system";
  }
  return hierarchies().length > 0 ? undefined : "cgroups";
}

function makeCgroup(t: TestContext, path: string): void {
  mkdirSync(path);
  t.after(() => rmdirSync(path));
}

test("a cgroup with the container's name is seen in every hierarchy, and another program's in none", (t) => {
  if (!needs(t, missing())) return;
  for (const hierarchy of hierarchies()) {
    const before = traces("/nowhere", NAME);
    makeCgroup(t, join(hierarchy, OTHER));
    assert.deepEqual(traces("/nowhere", NAME), before);
    makeCgroup(t, join(hierarchy, NAME));
    const { cgroups } = traces("/nowhere", NAME);
    assert.deepEqual(
      cgroups.filter((path) => !before.cgroups.includes(path)),
      [join(hierarchy, NAME)],
    );
  }
});

test("a cgroup of any name is seen while a process of ours is in it, but not while only another's is", async (t) => {
  if (!needs(t, missing())) return;
  const before = traces("/nowhere").cgroups;
  const hierarchy = hierarchies().at(-1) ?? "";
  const [ours, theirs] = [join(hierarchy, `any-${process.pid}`), join(hierarchy, OTHER)];
  for (const path of [ours, theirs]) mkdirSync(path);
  const stranger = Number(
    execFileSync("sh", ["-c", "setsid sleep 1000 >/dev/null 2>&1 & echo $!"], { encoding: "utf8" }),
  );
  const child = spawn("cat", { stdio: ["pipe", "ignore", "inherit"] });
  t.after(async () => {
    child.stdin.end();
    await once(child, "exit");
    kill(stranger);
    await gone(stranger);
    for (const path of [ours, theirs]) rmdirSync(path);
  });
  writeFileSync(join(theirs, "cgroup.procs"), String(stranger));
  assert.deepEqual(traces("/nowhere").cgroups, before);
  writeFileSync(join(ours, "cgroup.procs"), String(child.pid));
  const added = traces("/nowhere").cgroups.filter((line) => !before.includes(line));
  assert.deepEqual(
    added.map((line) => line.replace(/^.*:/, "")),
    [`/any-${process.pid}`],
  );
});

test("a cgroup with the container's name is not seen while another test's container is in it", async (t) => {
  if (!needs(t, missing())) return;
  const before = traces("/nowhere", NAME).cgroups;
  const cgroup = join(hierarchies().at(-1) ?? "", NAME);
  mkdirSync(cgroup);
  // A process and its parent, neither of which descends from this test.
  const script = "setsid sh -c 'sleep 1000 >/dev/null 2>&1 & echo $$ $!; exec >/dev/null 2>&1; wait' &";
  const [parent = 0, child = 0] = execFileSync("sh", ["-c", script], { encoding: "utf8" }).split(" ").map(Number);
  const ended = async () => {
    if (existsSync(`/proc/${child}`)) kill(child);
    await gone(child);
    await gone(parent);
  };
  t.after(async () => {
    await ended();
    rmdirSync(cgroup);
  });
  writeFileSync(join(cgroup, "cgroup.procs"), String(child));
  assert.deepEqual(traces("/nowhere", NAME).cgroups, before);
  await ended();
  assert.deepEqual(traces("/nowhere", NAME).cgroups, [...before, cgroup].sort());
});

/** The test has its own namespaces, because tests that run at the same time would find things with our name. */
const NAMESPACES = ["--mount", "--net", "--propagation", "private"];

test("of links, rules, mounts and cgroups those with our name or the state directory's are seen, and no others, such as another state directory's", async (t) => {
  const works = spawnSync("unshare", [...NAMESPACES, "nft", "list", "ruleset"]).status === 0;
  if (!needs(t, works ? undefined : "mount and network namespaces, and nft")) return;
  const state = join(await temporaryDirectory(t), "state");
  const script = `set -e
mount -t sysfs none /sys && mount -t tmpfs none /sys/fs/cgroup
mkdir /sys/fs/cgroup/tinydocker-test.another /sys/fs/cgroup/tinydocker.c1.1f-2e
for name in tinydocker another; do
  mkdir -p /sys/fs/cgroup/unified/$name/c1
  ip link add $name type bridge
  nft add table inet $name
done
ip link add aliased type bridge && ip link set aliased alias "$STATE"
for name in $BRIDGE td-00000000; do ip link add $name type bridge && ip link set $name alias "tinydocker network one"; done
for name in $TABLE tinydocker-00000000; do nft add table inet $name; done
mkdir -p "$STATE" /run/another-program
mount -t tmpfs mine "$STATE" && mount -t tmpfs another /run
exec "$@"`;
  const program = ["--import", "tsx", join(import.meta.dirname, "leaks-once.ts"), state];
  const argv = [...NAMESPACES, "sh", "-c", script, "sh", process.execPath, ...program];
  const [bridge, table] = [bridgeName(state, "one"), tableName(state)];
  const env = { ...process.env, STATE: state, BRIDGE: bridge, TABLE: table };
  const seen: Traces = JSON.parse(execFileSync("unshare", argv, { env, encoding: "utf8" }));
  assert.deepEqual(
    seen.links.toSorted(),
    ["aliased", bridge, "tinydocker"].map((name) => `/sys/class/net/${name}`),
  );
  assert.deepEqual(seen.cgroups, ["/sys/fs/cgroup/unified/tinydocker", "/sys/fs/cgroup/unified/tinydocker/c1"]);
  assert.deepEqual(
    seen.mounts.map((line) => line.split(" ")[4]),
    [state],
  );
  assert.deepEqual(
    seen.rules,
    ["tinydocker", table].map((name) => `table inet ${name} {\n}\n`),
  );
});
