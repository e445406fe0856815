import type { Reason } from "../explain/reason.ts";
import type { BlockIO } from "../spec/limits/block-io.ts";
import type { Resources } from "../spec/limits/resources.ts";

/** What is limited by writing to files. */
type Limited = Omit<Resources, "devices">;

/** A limit as a file of a cgroup. */
export interface Limit {
  readonly controller: string;
  readonly file: string;
  readonly content: string;
  readonly reason: Reason;
}

/** In the order in which cgroup v1 takes them: memory.memsw, unlimited at first, can't be below memory.limit. */
export function limitsV1({ memory, cpu, pids, blockIO }: Limited): Limit[] {
  return [
    ...limit("memory.limit_in_bytes", memory.limit, "memoryLimit"),
    ...limit("memory.memsw.limit_in_bytes", memory.swap, "swapLimit"),
    ...limit("memory.soft_limit_in_bytes", memory.reservation, "memoryReservation"),
    ...limit("cpu.cfs_period_us", cpu.period, "cpuQuota"),
    ...limit("cpu.cfs_quota_us", cpu.quota, "cpuQuota"),
    ...limit("cpu.shares", cpu.shares, "cpuShares"),
    ...limit("cpuset.cpus", cpu.cpus, "cpuset"),
    ...limit("cpuset.mems", cpu.mems, "cpuset"),
    ...limit("pids.max", pids.limit, "pidsLimit"),
    ...throttles(blockIO).flatMap(({ v1, major, minor, rate }) =>
      limit(`blkio.throttle.${v1}`, `${major}:${minor} ${rate}`, "blockIO"),
    ),
  ];
}

export function limitsV2({ memory, cpu, pids, blockIO }: Limited): Limit[] {
  return [
    ...limit("memory.max", memory.limit, "memoryLimit"),
    ...limit("memory.swap.max", swapAlone(memory), "swapLimit"),
    ...limit("memory.low", memory.reservation, "memoryReservation"),
    ...limit("cpu.max", cpu.quota === undefined ? undefined : `${cpu.quota} ${cpu.period}`, "cpuQuota"),
    ...limit("cpu.weight", cpu.shares === undefined ? undefined : weightOfShares(cpu.shares), "cpuShares"),
    ...limit("cpuset.cpus", cpu.cpus, "cpuset"),
    ...limit("cpuset.mems", cpu.mems, "cpuset"),
    ...limit("pids.max", pids.limit, "pidsLimit"),
    ...throttles(blockIO).flatMap(({ v2, major, minor, rate }) =>
      limit("io.max", `${major}:${minor} ${v2}=${rate}`, "blockIO"),
    ),
  ];
}

/** A file's name begins with its controller's; that of blkio is io in version 2. */
function limit(file: string, content: string | number | undefined, reason: Reason): Limit[] {
  if (content === undefined) return [];
  const controller = file.slice(0, file.indexOf(".")).replace("blkio", "io");
  return [{ controller, file, content: String(content), reason }];
}

const RATES = [
  { field: "throttleReadBpsDevice", v1: "read_bps_device", v2: "rbps" },
  { field: "throttleWriteBpsDevice", v1: "write_bps_device", v2: "wbps" },
  { field: "throttleReadIOPSDevice", v1: "read_iops_device", v2: "riops" },
  { field: "throttleWriteIOPSDevice", v1: "write_iops_device", v2: "wiops" },
] as const satisfies readonly { readonly field: keyof BlockIO; readonly v1: string; readonly v2: string }[];

function throttles(blockIO: BlockIO) {
  return RATES.flatMap(({ field, v1, v2 }) => blockIO[field].map((throttle) => ({ v1, v2, ...throttle })));
}

/** Version 1 limits memory and swap together, version 2 limits swap alone. */
function swapAlone({ limit = 0, swap }: Resources["memory"]): number | string | undefined {
  if (swap === undefined) return undefined;
  return swap === -1 ? "max" : swap - limit;
}

/**
 * Shares from 2 to 262144 as a weight from 1 to 10000. A quadratic function of their logarithms, so that the usual 1024 is
 * the usual 100: opencontainers/cgroups, ConvertCPUSharesToCgroupV2Value.
 */
export function weightOfShares(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const log = Math.log2(shares);
  return Math.ceil(10 ** ((log * log + 125 * log) / 612 - 7 / 34));
}
