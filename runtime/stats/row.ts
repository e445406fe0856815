import type { Struct } from "../template/value.ts";
import type { Sample } from "./sample.ts";

/** The fields of `docker stats --format`. */
export const TITLES = {
  Container: "CONTAINER",
  ID: "CONTAINER ID",
  Name: "NAME",
  CPUPerc: "CPU %",
  MemUsage: "MEM USAGE / LIMIT",
  MemPerc: "MEM %",
  NetIO: "NET I/O",
  BlockIO: "BLOCK I/O",
  PIDs: "PIDS",
} as const;

export const TABLE =
  "table {{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";

export interface About {
  readonly id: string;
  readonly name: string;
}

/** What it used between two samples, in words. `machineMemory`: bytes. */
export function row({ id, name }: About, before: Sample, now: Sample, machineMemory: number): Struct {
  const limit = Math.min(now.memoryLimit ?? machineMemory, machineMemory);
  return {
    Container: name,
    ID: id,
    Name: name,
    CPUPerc: percent(now.cpu - before.cpu, Number(now.at - before.at)),
    MemUsage: `${binary(now.memory)} / ${binary(limit)}`,
    MemPerc: percent(now.memory, limit),
    NetIO: now.network ? `${decimal(now.network.received)} / ${decimal(now.network.sent)}` : "0B / 0B",
    BlockIO: now.blocks ? `${decimal(now.blocks.read)} / ${decimal(now.blocks.written)}` : "0B / 0B",
    PIDs: String(now.pids),
  };
}

/** Of a container that does not run. */
export function emptyRow({ id, name }: About): Struct {
  const none = { CPUPerc: "--", MemUsage: "-- / --", MemPerc: "--", NetIO: "--", BlockIO: "--", PIDs: "--" };
  return { Container: name, ID: id, Name: name, ...none };
}

function percent(part: number, whole: number): string {
  return `${(whole > 0 ? Math.max(0, (part / whole) * 100) : 0).toFixed(2)}%`;
}

/** As github.com/docker/go-units writes sizes: 4 digits at most. */
function binary(bytes: number): string {
  return sized(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);
}

function decimal(bytes: number): string {
  return sized(bytes, 1000, ["B", "kB", "MB", "GB", "TB", "PB"]);
}

function sized(bytes: number, base: number, units: readonly string[]): string {
  let [value, unit] = [bytes, 0];
  for (; value >= base && unit < units.length - 1; unit += 1) value /= base;
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
