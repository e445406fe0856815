import type { Life } from "../spec/life.ts";
import type { Throttle } from "../spec/limits/block-io.ts";
import type { Mount } from "../spec/mounts.ts";
import { DEFAULT_CAPABILITIES } from "../spec/security/capability.ts";
import { DEFAULT_DEVICES, type Device } from "../spec/security/device.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { ContainerRecord } from "../state/record.ts";
import { type Struct, withOmitted } from "../template/value.ts";
import { isAnonymous } from "../volume/store.ts";
import { isAsked as isAskedMount, mountsOf } from "./mounts.ts";
import { modeOf, networkMode, portBindings } from "./network-settings.ts";
import { OMITTED_HOST_CONFIG } from "./omitted.ts";

/** What was asked for, in docker's words. `state`: the state directory. */
export function hostConfig({ spec, life, remove }: ContainerRecord, state: string): Struct {
  const { network, root, process, linux } = spec;
  const asked = {
    Binds: mountsOf(spec, state).flatMap(bindOf),
    Tmpfs: new Map(spec.mounts.filter((mount) => mount.type === "tmpfs" && isAskedMount(mount)).map(tmpfsOf)),
    LogConfig: logConfig(life?.log),
    NetworkMode: networkMode(spec),
    PidMode: modeOf(linux, "pid"),
    IpcMode: modeOf(linux, "ipc") || ownIpc(spec),
    UTSMode: modeOf(linux, "uts"),
    PortBindings: portBindings(network.ports, ({ address = "" }) => [address]),
    RestartPolicy: {
      Name: life?.restart.name ?? "no",
      MaximumRetryCount: life?.restart.maximumRetryCount ?? 0,
    },
    AutoRemove: remove === "at exit",
    ReadonlyRootfs: root.readonly,
    Init: process.init ?? false,
    Dns: network.dns.servers,
    DnsOptions: network.dns.options ?? [],
    DnsSearch: network.dns.search,
    GroupAdd: process.user.groups ?? null,
    ...(network.links && { Links: network.links.map(({ to, alias }) => `/${to}:/${spec.name}/${alias}`) }),
    ExtraHosts: network.extraHosts.flatMap(({ address, names }) => names.map((name) => `${name}:${address}`)),
    CgroupnsMode: "private",
    OomScoreAdj: process.oomScoreAdj ?? 0,
    ShmSize: shmSize(spec),
    Ulimits: process.rlimits.map(({ type, soft, hard = soft }) => {
      return { Name: type.replace("RLIMIT_", "").toLowerCase(), Soft: soft, Hard: hard };
    }),
    ...security(spec),
    ...limits(spec),
  };
  return withOmitted(asked, OMITTED_HOST_CONFIG);
}

/** None of a tmpfs, or of a volume without a name. */
function bindOf({ Type, Name, Source, Destination, Mode }: Struct): readonly string[] {
  if (Type === "tmpfs" || isAnonymous(String(Name))) return [];
  return [`${Type === "volume" ? Name : Source}:${Destination}${Mode === "" ? "" : `:${Mode}`}`];
}

function tmpfsOf({ destination, options }: Mount): [destination: string, options: string] {
  return [destination, options.join(",")];
}

function ownIpc({ linux, mounts }: ContainerSpec): string {
  if (linux.shareableIpc) return "shareable";
  return mounts.some(({ destination }) => destination === "/dev/shm") ? "private" : "none";
}

function logConfig(log: Life["log"] | undefined): Struct {
  if (log?.maxFiles === 0) return { Type: "none", Config: new Map() };
  const sizes = log
    ? ([
        ["max-size", String(log.maxSize)],
        ["max-file", String(log.maxFiles)],
      ] as const)
    : [];
  return { Type: "local", Config: new Map(sizes) };
}

function shmSize({ mounts }: ContainerSpec): number {
  const shm = mounts.find(({ destination }) => destination === "/dev/shm");
  const size = shm?.options.find((option) => option.startsWith("size="))?.slice("size=".length);
  return Number(size ?? 0);
}

function security({ process: { capabilities, noNewPrivileges = true }, linux }: ContainerSpec): Struct {
  const { bounding } = capabilities;
  const isPrivileged = linux.resources.devices[0]?.allow === true;
  return {
    CapAdd: isPrivileged ? null : bounding.filter((name) => !DEFAULT_CAPABILITIES.includes(name)),
    CapDrop: DEFAULT_CAPABILITIES.filter((name) => !bounding.includes(name)),
    Privileged: isPrivileged,
    SecurityOpt: [
      ...(noNewPrivileges ? ["no-new-privileges"] : []),
      ...(linux.seccomp === "unconfined" ? ["seccomp=unconfined"] : []),
    ],
    Devices: isPrivileged ? null : linux.devices.filter(isAsked).map(deviceOf),
    MaskedPaths: linux.maskedPaths,
    ReadonlyPaths: linux.readonlyPaths,
    Sysctls: new Map(Object.entries(linux.sysctl ?? {})),
  };
}

function isAsked({ path }: Device): boolean {
  return !DEFAULT_DEVICES.some((device) => device.path === path);
}

function deviceOf({ path, source = path, access = "rwm" }: Device): Struct {
  return { PathOnHost: source, PathInContainer: path, CgroupPermissions: access };
}

const NANO = 1_000_000_000;

function limits({ linux: { resources } }: ContainerSpec): Struct {
  const { memory, cpu, pids, blockIO } = resources;
  return {
    Memory: memory.limit ?? 0,
    MemorySwap: memory.swap ?? 0,
    MemoryReservation: memory.reservation ?? 0,
    NanoCpus: cpu.quota && cpu.period ? Math.round((cpu.quota / cpu.period) * NANO) : 0,
    CpuShares: cpu.shares ?? 0,
    CpuPeriod: cpu.period ?? 0,
    CpuQuota: cpu.quota ?? 0,
    CpusetCpus: cpu.cpus ?? "",
    CpusetMems: cpu.mems ?? "",
    PidsLimit: pids.limit ?? null,
    BlkioDeviceReadBps: blockIO.throttleReadBpsDevice.map(throttleOf),
    BlkioDeviceWriteBps: blockIO.throttleWriteBpsDevice.map(throttleOf),
    BlkioDeviceReadIOps: blockIO.throttleReadIOPSDevice.map(throttleOf),
    BlkioDeviceWriteIOps: blockIO.throttleWriteIOPSDevice.map(throttleOf),
  };
}

/** A device may have many paths; this one is udev's. */
function throttleOf({ major, minor, rate }: Throttle): Struct {
  return { Path: `/dev/block/${major}:${minor}`, Rate: rate };
}
