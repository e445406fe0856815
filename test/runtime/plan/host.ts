import type { HostFacts } from "../../../runtime/plan/host-facts.ts";

/** A host on which everything can be done as docker does it. */
export const HOST_FACTS: HostFacts = {
  upper: "/state/containers/hello1",
  work: "/state/work/hello1",
  memory: "/state/memory",
  stateRoot: "/state",
  upperInMemory: false,
  upperKept: false,
  rootEntries: [],
  fileSources: [],
  machine: "x86_64",
  kernel: "6.1.0-13-amd64",
  cgroup2: true,
  cgroups: {
    name: "hello1.1-2",
    usesDevices: true,
    hierarchies: [{ version: 2, controllers: ["cpu", "io", "memory", "pids"], directory: "/sys/fs/cgroup" }],
    processors: "0-3",
    memoryNodes: "0",
  },
  userNamespace: { isFirst: true, setgroups: true },
  network: { hosts: "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\thello1\n", links: [] },
};
