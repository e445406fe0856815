import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mountedHierarchies } from "../../../../runtime/host/cgroup/mounts.ts";

const mount = (root: string, point: string, type: string, options: string, flags = "rw,relatime") =>
  `31 24 0:27 ${root} ${point} ${flags} shared:9 - ${type} ${type} rw,${options}`;

const CASES: readonly (readonly [string, readonly string[], readonly string[], unknown])[] = [
  [
    "v2",
    ["0::/user.slice/a.scope"],
    [mount("/", "/sys/fs/cgroup", "cgroup2", "nsdelegate")],
    [{ version: 2, controllers: [], mount: "/sys/fs/cgroup", own: "/user.slice/a.scope" }],
  ],
  [
    "hybrid, with controllers mounted together and a named hierarchy",
    ["3:cpu,cpuacct:/", "2:name=systemd:/a:b", "0::/"],
    [
      "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw",
      mount("/", "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct"),
      mount("/", "/sys/fs/cgroup/sys\\040temd", "cgroup", "xattr,name=systemd"),
    ],
    [
      { version: 1, controllers: ["cpu", "cpuacct"], mount: "/sys/fs/cgroup/cpu,cpuacct", own: "/" },
      { version: 1, controllers: [], name: "systemd", mount: "/sys/fs/cgroup/sys temd", own: "/a:b" },
      { version: 2, controllers: [], own: "/" },
    ],
  ],
  [
    "a mount of a part, as inside a container that shares its host's cgroup namespace",
    ["1:pids:/docker/1f/x", "0::/docker/1f"],
    [mount("/docker/1f", "/sys/fs/cgroup/pids", "cgroup", "pids"), mount("/docker/1f", "/c", "cgroup2", "nsdelegate")],
    [
      { version: 1, controllers: ["pids"], mount: "/sys/fs/cgroup/pids", own: "/x" },
      { version: 2, controllers: [], mount: "/c", own: "/" },
    ],
  ],
  [
    "a process outside the cgroup namespace's root",
    ["0::/../../other"],
    [mount("/", "/c", "cgroup2", "nsdelegate")],
    [{ version: 2, controllers: [], mount: "/c", own: "/" }],
  ],
  [
    "mounts that can only be read",
    ["1:pids:/", "0::/"],
    [
      mount("/", "/p", "cgroup", "pids", "ro,nosuid"),
      mount("/", "/c", "cgroup2", "nsdelegate").replace("rw,nsd", "ro,nsd"),
    ],
    [
      { version: 1, controllers: ["pids"], own: "/" },
      { version: 2, controllers: [], own: "/" },
    ],
  ],
];

describe("the cgroup hierarchies, from /proc/self/cgroup and /proc/self/mountinfo", () => {
  for (const [title, cgroup, mountinfo, expected] of CASES) {
    it(title, () =>
      assert.deepEqual(mountedHierarchies(`${cgroup.join("\n")}\n`, `${mountinfo.join("\n")}\n`), expected),
    );
  }
});
