import { thisArchitecture } from "../../host/architecture.ts";

/** The options of `docker run` that are not here, and what to do instead. */
export const UNAVAILABLE: Readonly<Record<string, string>> = {
  annotation: "give it a label with -l KEY=VALUE",
  "blkio-weight": "limit bytes or operations a second instead",
  "blkio-weight-device": "limit bytes or operations a second instead",
  "cgroup-parent": "every container has a cgroup of its own",
  cgroupns: "every container has a cgroup namespace of its own",
  "cpu-count": "it is an option of Windows: limit the processors with --cpus",
  "cpu-percent": "it is an option of Windows: limit the processor time with --cpus",
  "cpu-rt-period": "limit the processor time with --cpus",
  "cpu-rt-runtime": "limit the processor time with --cpus",
  "detach-keys": "start it with -d, and tinydocker attach --detach-keys KEYS NAME",
  "device-cgroup-rule": "name each device with --device",
  "disable-content-trust": "each digest that an image carries is checked",
  domainname: "give the full name with --hostname",
  gpus: "give the devices with --device, and their libraries with -v",
  "io-maxbandwidth": "it is an option of Windows: limit bytes a second with --device-read-bps",
  "io-maxiops": "it is an option of Windows: limit operations a second with --device-read-iops",
  isolation: "it is an option of Windows",
  "kernel-memory": "the kernel's memory counts for -m",
  link: "containers of a network find each other by name",
  "link-local-ip": "give an address with --ip",
  "log-driver": "with -d its output is kept for tinydocker logs, as --log-opt says; without -d, redirect it",
  "memory-swappiness": "limit memory and swap together with --memory-swap",
  "oom-kill-disable": "allow it more memory with -m",
  platform: "images are of this machine's architecture",
  runtime: "tinydocker is the runtime",
  "sig-proxy": "signals are always passed on",
  "storage-opt": "what a container writes takes the space of the state directory's disk",
  "use-api-socket": "there is no API socket",
  userns: "run tinydocker without root for a container in a user namespace",
  "volume-driver": "mount a directory of this machine with -v",
};

/** What some of them may ask for, since it is so anyway; "true": the option takes no value. */
export const SO_ANYWAY: Readonly<Record<string, readonly string[]>> = {
  cgroupns: ["private"],
  "disable-content-trust": ["true"],
  isolation: ["default"],
  "log-driver": ["json-file", "local"],
  platform: [`linux/${thisArchitecture()}`, thisArchitecture()],
  "sig-proxy": ["true"],
  userns: ["host"],
  "volume-driver": ["local"],
};
