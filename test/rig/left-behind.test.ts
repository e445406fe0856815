import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { needs } from "./host.ts";
import { LONE_THREAD, lacksLoneThread } from "./lone-thread.ts";

const PROJECT = join(import.meta.dirname, "../..");
const SCRIPT = "test/rig/left-behind.sh";

interface Outcome {
  readonly status: number | null;
  readonly stderr: string;
}

/**
 * Runs the script with a command, in their own namespaces, so that what other tests leave at the same time does not
 * count. With `first` the script is the first process of its pid namespace, as in run.sh.
 */
function around(command: string, first = true): Outcome {
  const machine = "mount -t sysfs none /sys && mount -t tmpfs none /sys/fs/cgroup && mount -t tmpfs none /tmp";
  const start = first ? 'exec sh "$0" "$@"' : 'sh "$0" "$@"; exit $?';
  const namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const argv = [...namespaces, "sh", "-c", `${machine} && ${start}`, SCRIPT, "sh", "-ec", command];
  const { status, stderr } = spawnSync("unshare", argv, { cwd: PROJECT, encoding: "utf8" });
  return { status, stderr };
}

const works = spawnSync("unshare", ["--mount", "--net", "nft", "list", "ruleset"]).status === 0;
const lacking = works ? undefined : "mount and network namespaces, and nft";

type Left = readonly [what: string, command: (name: string) => string, line: string];

/** What a command creates, the command, and the line that reports it if the name is ours. */
const LEFT: readonly Left[] = [
  ["a cgroup", (name) => `mkdir -p /sys/fs/cgroup/unified/${name}/c1`, "cgroup /sys/fs/cgroup/unified/tinydocker/c1"],
  ["a link", (name) => `ip link add ${name}0 type bridge`, "link tinydocker0"],
  ["a link by its alias", (name) => `ip link set lo alias ${name}-c1`, "link lo"],
  ["a table of rules", (name) => `nft add table inet ${name}`, "rules table inet tinydocker {"],
  [
    "a chain in another program's table",
    (name) => `nft add table inet filter; nft add chain inet filter ${name}`,
    "rules table inet filter {",
  ],
];

for (const [what, command, line] of LEFT) {
  test(`${what} with our name is reported, and another program's is not`, (t) => {
    if (!needs(t, lacking)) return;
    const ours = around(command("tinydocker"));
    assert.equal(ours.status, 1);
    assert.match(ours.stderr, /^left behind:\n/);
    assert.ok(ours.stderr.split("\n").includes(`  ${line}`), ours.stderr);
    assert.deepEqual(around(command("another")), { status: 0, stderr: "" });
  });
}

const MOUNT = (name: string) => `mkdir /tmp/${name} && mount -t tmpfs none /tmp/${name}`;

test("a mount with our name is reported, and another program's is not", (t) => {
  if (!needs(t, lacking)) return;
  assert.deepEqual(around(MOUNT("tinydocker"), false), {
    status: 1,
    stderr: "left behind:\n  mount /tmp/tinydocker\n",
  });
  assert.deepEqual(around(MOUNT("another"), false), { status: 0, stderr: "" });
});

test("in the run's own namespaces every mount and process is reported, also what has ended but for a thread or its parent's wait", (t) => {
  if (!needs(t, lacking ?? lacksLoneThread())) return;
  const alone = LONE_THREAD.map((word) => `'${word}'`).join(" ");
  const { status, stderr } = around(
    `${MOUNT("any")}; cd "$TMPDIR"; mkfifo ended alone
setsid sh -c '/bin/true & exec sleep 1000 >/dev/null 2>&1' >ended 2>&1 &
setsid ${alone} >alone 2>&1 &
cat ended; read line <alone; rm ended alone`,
  );
  // An interpreter may be started by a wrapper with another path.
  const reported = stderr
    .replace(/\S*\/python3/, "python3")
    .trimEnd()
    .split("\n");
  assert.deepEqual(reported.sort(), [
    "  mount /tmp/any",
    "  process [true], which has ended and that its parent does not wait for",
    `  process ${[...LONE_THREAD, ""].join(" ").replaceAll("\n", " ")}`,
    "  process sleep 1000 ",
    "left behind:",
  ]);
  assert.equal(status, 1);
});

test("everything in the run's own TMPDIR is reported, and what other runs create elsewhere is not", (t) => {
  if (!needs(t, lacking)) return;
  const { status, stderr } = around('mkdir "$TMPDIR/any"');
  assert.equal(status, 1);
  assert.match(stderr, /^left behind:\n {2}directory \/var\/tmp\/td\.\w+\/any\n$/);
  assert.deepEqual(around("mkdir /tmp/tinydocker-test.another"), { status: 0, stderr: "" });
});

test("a cgroup that a test created, which may be another run's, is not reported", (t) => {
  if (!needs(t, lacking)) return;
  assert.deepEqual(around("mkdir /sys/fs/cgroup/tinydocker-test.1"), { status: 0, stderr: "" });
});

test("an agent's directory is reported if the agent has ended", (t) => {
  if (!needs(t, lacking)) return;
  const { status, stderr } = around("mkdir /tmp/devtool-client && : >/tmp/devtool-client/agent.sock");
  assert.deepEqual([status, stderr], [1, "left behind:\n  agent /tmp/devtool-client\n"]);
});

test("after a command that leaves nothing behind the exit code is the command's", (t) => {
  if (!needs(t, lacking)) return;
  assert.deepEqual(around("exit 7"), { status: 7, stderr: "" });
});
