import type { LimitRequest } from "../../spec/limits/resources.ts";
import type { Options, Values } from "./option.ts";

/** How much of the machine the container may use. */
export const LIMIT_OPTIONS = {
  memory: { type: "string", short: "m", describe: "most memory it may use, such as 256m; at least 6m" },
  "memory-swap": { type: "string", describe: "most memory and swap together; -1: any; default: twice the memory" },
  "memory-reservation": { type: "string", describe: "memory that the kernel leaves it when there is too little" },
  cpus: { type: "string", describe: "most processors it may use at a time, such as 0.5" },
  "cpu-shares": { type: "string", short: "c", describe: "its weight when processors are scarce; usual: 1024" },
  "cpu-period": { type: "string", describe: "microseconds in which it may use the quota; usual: 100000" },
  "cpu-quota": { type: "string", describe: "microseconds of processor time in each period" },
  "cpuset-cpus": { type: "string", emptyIsUnset: true, describe: "processors it may use, such as 0-2,7" },
  "cpuset-mems": { type: "string", emptyIsUnset: true, describe: "memory nodes it may use, such as 0-1" },
  "pids-limit": { type: "string", describe: "most processes and threads at a time; -1: any" },
  "device-read-bps": { type: "string", multiple: true, describe: "PATH:RATE: bytes read of that disk in a second" },
  "device-write-bps": { type: "string", multiple: true, describe: "PATH:RATE: bytes written" },
  "device-read-iops": { type: "string", multiple: true, describe: "PATH:RATE: reads in a second" },
  "device-write-iops": { type: "string", multiple: true, describe: "PATH:RATE: writes" },
  "oom-score-adj": { type: "string", describe: "-1000 to 1000: how readily it is killed when memory runs out" },
  ulimit: {
    type: "string",
    multiple: true,
    describe: "NAME=SOFT[:HARD]: limit of a process, such as nofile=1024:4096",
  },
} as const satisfies Options;

export function limitRequest(values: Values<typeof LIMIT_OPTIONS>): LimitRequest {
  return {
    memory: values.memory,
    memorySwap: values["memory-swap"],
    memoryReservation: values["memory-reservation"],
    cpus: values.cpus,
    cpuShares: values["cpu-shares"],
    cpuPeriod: values["cpu-period"],
    cpuQuota: values["cpu-quota"],
    cpusetCpus: values["cpuset-cpus"],
    cpusetMems: values["cpuset-mems"],
    pidsLimit: values["pids-limit"],
    deviceReadBps: values["device-read-bps"],
    deviceWriteBps: values["device-write-bps"],
    deviceReadIops: values["device-read-iops"],
    deviceWriteIops: values["device-write-iops"],
    oomScoreAdj: values["oom-score-adj"],
    ulimits: values.ulimit,
  };
}
