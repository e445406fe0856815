import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What the processes of a container have used. */
export interface Usage {
  /** Nanoseconds of processor time, of all processors together. */
  readonly cpu: number;
  /** Bytes, without files that the kernel can drop. */
  readonly memory: number;
  /** Bytes; undefined: no limit but the machine's. */
  readonly memoryLimit: number | undefined;
  /** Processes and threads. */
  readonly pids: number;
  /** Bytes of disks; undefined where the kernel does not count them. */
  readonly blocks: { readonly read: number; readonly written: number } | undefined;
}

/**
 * `cgroups`: the container's directories, one in each hierarchy: of version 1, each has some of the files. `pids`: its
 * processes, of which what no file has is summed up.
 */
export function usageOf(cgroups: readonly string[], pids: () => readonly number[]): Usage {
  const text = (name: string) => textIn(cgroups, name);
  const number = (name: string) => numberOf(text(name));
  const microseconds = fieldOf(text("cpu.stat"), "usage_usec");
  return {
    cpu: number("cpuacct.usage") ?? (microseconds === undefined ? cpuOf(pids()) : microseconds * 1000),
    memory: memoryOf(text) ?? sumOver(pids(), /^VmRSS:\s+(\d+) kB$/m) * 1024,
    memoryLimit: limitOf(number("memory.limit_in_bytes") ?? number("memory.max")),
    pids: number("pids.current") ?? sumOver(pids(), /^Threads:\s+(\d+)$/m),
    blocks: blocksOf(text),
  };
}

type Text = (name: string) => string | undefined;

/** The first that has such a file. */
function textIn(cgroups: readonly string[], name: string): string | undefined {
  for (const cgroup of cgroups) {
    try {
      return readFileSync(join(cgroup, name), "utf8");
    } catch {
      // Another hierarchy may have it; a version 2 without that controller has not.
    }
  }
  return undefined;
}

/** Undefined of `max`, which stands for no limit. */
function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+\n?$/.test(text) ? Number(text) : undefined;
}

function fieldOf(text: string | undefined, name: string): number | undefined {
  const [, value] = new RegExp(`^${name} (\\d+)$`, "m").exec(text ?? "") ?? [];
  return value === undefined ? undefined : Number(value);
}

function memoryOf(text: Text): number | undefined {
  const used = numberOf(text("memory.usage_in_bytes")) ?? numberOf(text("memory.current"));
  const stat = text("memory.stat");
  const files = fieldOf(stat, "total_inactive_file") ?? fieldOf(stat, "inactive_file") ?? 0;
  return used === undefined ? undefined : Math.max(0, used - files);
}

/** Version 1 has a number of nearly 2^63 in place of none. */
function limitOf(limit: number | undefined): number | undefined {
  return limit !== undefined && limit < 2 ** 62 ? limit : undefined;
}

/** `8:0 Read 4096` of version 1, `8:0 rbytes=4096 wbytes=0 …` of version 2. */
function blocksOf(text: Text): Usage["blocks"] {
  const stat = text("blkio.throttle.io_service_bytes_recursive") ?? text("blkio.throttle.io_service_bytes");
  const io = text("io.stat");
  if (stat === undefined && io === undefined) return undefined;
  return {
    read: sumOf(stat, / Read (\d+)$/gm) + sumOf(io, / rbytes=(\d+)/g),
    written: sumOf(stat, / Write (\d+)$/gm) + sumOf(io, / wbytes=(\d+)/g),
  };
}

function sumOf(text: string | undefined, pattern: RegExp): number {
  return [...(text ?? "").matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Those in the first hierarchy that can be read; a process is in one cgroup of each. */
export function processesOf(cgroups: readonly string[]): number[] {
  for (const cgroup of cgroups) {
    try {
      return below(cgroup);
    } catch {
      // It was removed, or never made.
    }
  }
  return [];
}

function below(cgroup: string): number[] {
  const pids = readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  const inner = readdirSync(cgroup, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...pids, ...inner.flatMap(({ name }) => below(join(cgroup, name)))];
}

function sumOver(pids: readonly number[], pattern: RegExp): number {
  return pids.reduce((sum, pid) => sum + Number(pattern.exec(textOf(`/proc/${pid}/status`))?.[1] ?? 0), 0);
}

/** The kernel's USER_HZ is 100 on every architecture that is supported here. */
const NANOSECONDS_PER_TICK = 10_000_000;

/** By proc_pid_stat(5): utime and stime, the 12th and 13th field after the name. */
function cpuOf(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = textOf(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  });
  return ticks.reduce((sum, one) => sum + one, 0) * NANOSECONDS_PER_TICK;
}

/** Empty if it has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
