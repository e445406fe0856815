import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { callOf, cloneCall } from "../../../runtime/explain/strace.ts";
import { CLONE, MS } from "../../../runtime/linux.ts";
import type { Step } from "../../../runtime/plan/step.ts";

const mount = { op: "MOUNT", flags: 0, source: "", target: "/m", type: "", data: "", reason: "tmpfs" } as const;

const CASES: readonly (readonly [Step, string])[] = [
  [mount, 'mount(NULL, "/m", NULL, 0, NULL)'],
  [{ ...mount, flags: MS.MS_NOSUID + 0x200 }, 'mount(NULL, "/m", NULL, MS_NOSUID|0x200, NULL)'],
  [{ ...mount, flags: 0x200 }, 'mount(NULL, "/m", NULL, 0x200 /* MS_??? */, NULL)'],
  [{ op: "PDEATHSIG", signal: 15, reason: "dieWithParent" }, "prctl(PR_SET_PDEATHSIG, SIGTERM)"],
  [{ op: "PDEATHSIG", signal: 0, reason: "outlives" }, "prctl(PR_SET_PDEATHSIG, 0)"],
  [{ op: "SETNS", slot: 0, namespaces: 0x22000000, reason: "join" }, "setns(slot 0, CLONE_NEWCGROUP|CLONE_NEWPID)"],
  [{ op: "CLONE", slot: 2, reason: "joinPid" }, "clone3({flags=CLONE_PARENT, cgroup=slot 2})"],
  [{ op: "AWAIT", slot: 3, reason: "mapIds" }, "read(slot 3, /* 1 byte */, 1)"],
  [{ op: "RLIMIT", resource: 6, soft: 5, reason: "nofile" }, "setrlimit(RLIMIT_NPROC, {rlim_cur=5})"],
  [
    { op: "OPEN_TREE", slot: 1, flags: 0x8000, device: 0, path: "/a", reason: "bindSource" },
    'open_tree(AT_FDCWD, "/a", OPEN_TREE_CLONE|AT_RECURSIVE) = slot 1',
  ],
  [
    { op: "CAPSET", effective: 1n, permitted: 3n, reason: "capabilities" },
    "capset({effective=CAP_CHOWN, permitted=CAP_CHOWN|CAP_DAC_OVERRIDE, inheritable=0})",
  ],
  [
    { op: "CAPBSET", capabilities: (1n << 40n) | (1n << 62n), reason: "bounding" },
    "prctl(PR_CAPBSET_DROP, all but CAP_CHECKPOINT_RESTORE|0x4000000000000000)",
  ],
  [{ op: "SETGROUPS", groups: [10, 70_000], reason: "groups" }, "setgroups(2, [10, 70000])"],
  [
    { op: "MKNOD", mode: 0o060660, device: 0xfe01, uid: 0, gid: 6, path: "/dev/vda1", reason: "deviceMade" },
    'mknod("/dev/vda1", S_IFBLK|0660, makedev(254, 1))',
  ],
  [
    { op: "SYSCTL", path: "net/ipv4/ip_forward", value: "1", reason: "sysctl" },
    'write(open("/proc/sys/net/ipv4/ip_forward", O_WRONLY), "1")',
  ],
  [
    { op: "SECCOMP", flags: 6, filter: [0x06, 0], reason: "seccomp" },
    "seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG|SECCOMP_FILTER_FLAG_SPEC_ALLOW, {len=1, filter=…})",
  ],
  [
    { op: "EXEC", args: ["a", "b"], env: ["KEY=secret"], search: "/bin", reason: "exec" },
    'execve("a", ["a", "b"], /* 1 vars */)',
  ],
];

describe("a step as strace writes it", () => {
  for (const [step, call] of CASES) it(call, () => assert.equal(callOf(step), call));

  it("names every namespace, including those that no plan makes", () => {
    const flags = CLONE.CLONE_NEWTIME | CLONE.CLONE_NEWUSER;
    assert.match(cloneCall({ namespaces: flags, outside: [] }), /\|CLONE_NEWTIME\|CLONE_NEWUSER, exit_signal/);
  });
});
