import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { needs } from "./host.ts";

const PROJECT = join(import.meta.dirname, "../..");
const SCRIPT = "test/rig/left-behind.sh";

interface Outcome {
  readonly status: number | null;
  readonly stderr: string;
}

/**
 * Runs the script around a command in namespaces of their own: what the tests that run at the same time leave is not this
 * command's. As run.sh does, it may be the first process of its pid namespace.
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

/** What a command does, and what of it is left behind where the name is ours. */
const LEFT: readonly Left[] = [
  ["a cgroup", (name) => `mkdir -p /sys/fs/cgroup/unified/${name}/c1`, "cgroup /sys/fs/cgroup/unified/tinydocker/c1"],
  ["a link", (name) => `ip link add ${name}0 type bridge`, "link tinydocker0"],
  ["a link by its alias", (name) => `ip link set lo alias ${name}-c1`, "link lo"],
  ["a table of rules", (name) => `nft add table inet ${name}`, "rules table inet tinydocker {"],
  [
    "a chain in a table of others",
    (name) => `nft add table inet filter; nft add chain inet filter ${name}`,
    "rules table inet filter {",
  ],
];

for (const [what, command, line] of LEFT) {
  test(`${what} with our name is left behind, and another program's is not`, (t) => {
    if (!needs(t, lacking)) return;
    const ours = around(command("tinydocker"));
    assert.equal(ours.status, 1);
    assert.match(ours.stderr, /^left behind:\n/);
    assert.ok(ours.stderr.split("\n").includes(`  ${line}`), ours.stderr);
    assert.deepEqual(around(command("another")), { status: 0, stderr: "" });
  });
}

const MOUNT = (name: string) => `mkdir /tmp/${name} && mount -t tmpfs none /tmp/${name}`;

test("a mount with our name is left behind, and another program's is not", (t) => {
  if (!needs(t, lacking)) return;
  assert.deepEqual(around(MOUNT("tinydocker"), false), {
    status: 1,
    stderr: "left behind:\n  mount /tmp/tinydocker\n",
  });
  assert.deepEqual(around(MOUNT("another"), false), { status: 0, stderr: "" });
});

test("in namespaces of the run's own every mount and process is left behind", (t) => {
  if (!needs(t, lacking)) return;
  assert.deepEqual(around(`${MOUNT("any")}; setsid sleep 1000 >/dev/null 2>&1 &`), {
    status: 1,
    stderr: "left behind:\n  process sleep 1000 \n  mount /tmp/any\n",
  });
});

test("what is in the run's own TMPDIR is left behind, whatever its name, and what other runs make elsewhere is not", (t) => {
  if (!needs(t, lacking)) return;
  const { status, stderr } = around('mkdir "$TMPDIR/any"');
  assert.equal(status, 1);
  assert.match(stderr, /^left behind:\n {2}directory \/var\/tmp\/td\.\w+\/any\n$/);
  assert.deepEqual(around("mkdir /tmp/tinydocker-test.another"), { status: 0, stderr: "" });
});

test("a cgroup that a test made, which may be another run's, is not left behind", (t) => {
  if (!needs(t, lacking)) return;
  assert.deepEqual(around("mkdir /sys/fs/cgroup/tinydocker-test.1"), { status: 0, stderr: "" });
});

test("an agent's directory is left behind once the agent has ended", (t) => {
  if (!needs(t, lacking)) return;
  const { status, stderr } = around("mkdir /tmp/devtool-client && : >/tmp/devtool-client/agent.sock");
  assert.deepEqual([status, stderr], [1, "left behind:\n  agent /tmp/devtool-client\n"]);
});

test("a command that leaves nothing behind ends with its own exit code", (t) => {
  if (!needs(t, lacking)) return;
  assert.deepEqual(around("exit 7"), { status: 7, stderr: "" });
});
