import { binarySize, decimalSize } from "../template/size.ts";
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

const DIGITS = 4;

function binary(bytes: number): string {
  return binarySize(bytes, DIGITS);
}

function decimal(bytes: number): string {
  return decimalSize(bytes, DIGITS);
}
