import { Failure } from "../../failure.ts";
import type { DeviceRule } from "../security/device-rules.ts";
import { bytesOf } from "../size.ts";
import { type BlockDevices, type BlockIO, type BlockIORequest, blockIOOf } from "./block-io.ts";
import { listMembers } from "./cpu-list.ts";
import type { Rlimit } from "./ulimits.ts";

/** `linux.resources` of the OCI runtime-spec's config-linux.md; what is absent is not limited. */
export interface Resources {
  readonly memory: Memory;
  readonly cpu: Cpu;
  readonly pids: { readonly limit?: number };
  readonly blockIO: BlockIO;
  /** None where the kernel lets no node of a device work anyway, as in a user namespace. */
  readonly devices: readonly DeviceRule[];
}

/** Bytes. */
export interface Memory {
  readonly limit?: number;
  /** Of memory and swap together; -1: unlimited. */
  readonly swap?: number;
  /** What the kernel leaves to it when memory is short. */
  readonly reservation?: number;
}

export interface Cpu {
  /** Its weight when others want the processors too; 1024 is usual. */
  readonly shares?: number;
  /** Microseconds in each period. */
  readonly quota?: number;
  readonly period?: number;
  /** Lists such as `0-2,7`: processors, and memory nodes. */
  readonly cpus?: string;
  readonly mems?: string;
}

/** Limits as the options of `docker run` write them. */
export interface LimitRequest extends BlockIORequest {
  readonly memory?: string | undefined;
  readonly memorySwap?: string | undefined;
  readonly memoryReservation?: string | undefined;
  readonly cpus?: string | undefined;
  readonly cpuShares?: string | undefined;
  readonly cpuPeriod?: string | undefined;
  readonly cpuQuota?: string | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  readonly pidsLimit?: string | undefined;
  readonly oomScoreAdj?: string | undefined;
  /** NAME=SOFT[:HARD] each. */
  readonly ulimits?: readonly string[] | undefined;
}

/** docker's: with less, no usual program starts. */
const MEMORY_MIN = 6 << 20;
/** Of the kernel: kernel/sched/fair.c, kernel/sched/sched.h and kernel/pid.c. */
const PERIOD = { least: 1000, most: 1_000_000, usual: 100_000 };
const QUOTA_MIN = 1000;
const SHARES = { least: 2, most: 262_144 };
const PIDS_MAX = 4_194_304;

/** docker's word for no limit. */
const NONE = "0";

/** Completes and checks limits. Throws Failure (exit 125) for one that is no number, can't be kept or contradicts another. */
export function resourcesOf(request: LimitRequest, devices: BlockDevices = new Map()): Omit<Resources, "devices"> {
  const pids = pidsLimit(request.pidsLimit);
  return {
    memory: memoryOf(request),
    cpu: cpuOf(request),
    pids: pids === undefined ? {} : { limit: pids },
    blockIO: blockIOOf(request, devices),
  };
}

/** How readily the kernel kills the command when the machine's memory is used up. Throws Failure. */
export function oomScoreOf({ oomScoreAdj: text }: LimitRequest): { oomScoreAdj?: number } {
  if (text === undefined) return {};
  if (/^-?\d{1,4}$/.test(text) && Math.abs(Number(text)) <= 1000) return { oomScoreAdj: Number(text) };
  throw refused(`the OOM score ${JSON.stringify(text)} must be a whole number from -1000 to 1000`);
}

function memoryOf({ memory, memorySwap, memoryReservation }: LimitRequest): Memory {
  const limit = bytes("memory limit", memory);
  const reservation = bytes("memory reservation", memoryReservation);
  if (limit !== undefined && reservation !== undefined && reservation > limit)
    throw refused(`the memory reservation ${memoryReservation} is above the memory limit ${memory}`);
  const swap = swapOf(limit, memory, memorySwap);
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(swap === undefined ? {} : { swap }),
    ...(reservation === undefined ? {} : { reservation }),
  };
}

/** As in docker, a container with a memory limit may use as much swap again, unless another limit is set. */
function swapOf(limit: number | undefined, memory: string | undefined, asked: string | undefined): number | undefined {
  if (asked === undefined || asked === NONE) return limit === undefined ? undefined : 2 * limit;
  if (limit === undefined) throw refused("the swap limit needs a memory limit", "add -m");
  if (asked === "-1") return -1;
  const swap = bytes("swap limit", asked);
  if (swap !== undefined && swap < limit)
    throw refused(
      `the swap limit ${asked} is below the memory limit ${memory}`,
      "--memory-swap is the limit of memory and swap together; -1: as much swap as there is",
    );
  return swap;
}

function bytes(what: string, text: string | undefined): number | undefined {
  if (text === undefined || text === NONE) return undefined;
  const size = bytesOf(text);
  if (size === undefined)
    throw refused(`the ${what} ${JSON.stringify(text)} is not a number of bytes`, "write a size such as 256m or 1.5g");
  if (size < MEMORY_MIN)
    throw refused(`the ${what} ${text} is below 6m, the least with which programs start`, LEAVE_OUT);
  return size;
}

function cpuOf(request: LimitRequest): Cpu {
  const shares = whole("CPU shares", request.cpuShares, SHARES.least, SHARES.most);
  const cpus = list("processors", request.cpusetCpus);
  const mems = list("memory nodes", request.cpusetMems);
  return {
    ...(shares === undefined ? {} : { shares }),
    ...quotaOf(request),
    ...(cpus === undefined ? {} : { cpus }),
    ...(mems === undefined ? {} : { mems }),
  };
}

function quotaOf({ cpus, cpuPeriod, cpuQuota }: LimitRequest): Pick<Cpu, "quota" | "period"> {
  if (cpus !== undefined && (cpuPeriod !== undefined || cpuQuota !== undefined))
    throw refused("--cpus contradicts a CPU period or quota", "--cpus 0.5 is a quota of half the period");
  if (cpus !== undefined && cpus !== NONE) return { period: PERIOD.usual, quota: quotaOfCpus(cpus) };
  const quota = cpuQuota === "-1" ? undefined : whole("CPU quota", cpuQuota, QUOTA_MIN, Number.MAX_SAFE_INTEGER);
  const period = whole("CPU period", cpuPeriod, PERIOD.least, PERIOD.most);
  if (quota === undefined && period === undefined) return {};
  if (quota === undefined) throw refused("a CPU period needs a quota", "add --cpu-quota, or use --cpus alone");
  return { period: period ?? PERIOD.usual, quota };
}

function quotaOfCpus(text: string): number {
  const quota = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Math.round(Number(text) * PERIOD.usual) : Number.NaN;
  if (Number.isNaN(quota))
    throw refused(`${JSON.stringify(text)} is not a number of processors`, "write a number such as 0.5 or 2");
  if (quota >= QUOTA_MIN && Number.isSafeInteger(quota)) return quota;
  throw refused(`${text} processors can't be given to a container`, "the least is 0.01, the most what the machine has");
}

function list(what: string, text: string | undefined): string | undefined {
  if (text === undefined || listMembers(text) !== undefined) return text;
  throw refused(`${JSON.stringify(text)} is not a list of ${what}`, "write a list such as 0-2,7");
}

function pidsLimit(text: string | undefined): number | undefined {
  return text === "-1" ? undefined : whole("pids limit", text, 1, PIDS_MAX);
}

function whole(what: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || text === NONE) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw refused(`the ${what} ${JSON.stringify(text)} must be a whole number ${range}`, LEAVE_OUT);
}

const LEAVE_OUT = "leave the option out for no limit";

function refused(message: string, remedy = LEAVE_OUT): Failure {
  return new Failure(message, { code: "usage", remedy });
}

/** What --init needs itself: a process beside the command, and a descriptor by which it gets signals. Throws Failure. */
export function checkInit({ pids }: Pick<Resources, "pids">, rlimits: readonly Rlimit[]): void {
  const contradicting = [
    ["--pids-limit 1", pids.limit === 1],
    ["--ulimit nofile=0", rlimits.some(({ type, soft }) => type === "RLIMIT_NOFILE" && soft === 0)],
  ].find(([, isGiven]) => isGiven);
  if (!contradicting) return;
  throw new Failure(`${contradicting[0]} can't be used with --init: that is a process of its own, which gets signals`, {
    code: "usage",
    remedy: "allow one more, or leave --init out",
  });
}
