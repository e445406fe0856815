import { readFileSync } from "node:fs";
import { isRecordOf, isText, isWhole, type Shape } from "../shape.ts";

/** Identifies a process even when its pid is reused: no other process of the same boot has the same pid and start time. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start: field 22 of proc_pid_stat(5). */
  readonly startTime: string;
  /** /proc/sys/kernel/random/boot_id */
  readonly boot: string;
  /** By the clock at that moment, in milliseconds since 1970; of the first process of a container, unless an older release started it. */
  readonly startedAt?: number;
}

export const isProcessIdentity: Shape<ProcessIdentity> = isRecordOf(
  { pid: isWhole, startTime: isText, boot: isText },
  { startedAt: isWhole },
);

/** Undefined when there is no such process. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startTime = statOf(pid)[19];
  return startTime === undefined ? undefined : { pid, startTime, boot: bootId() };
}

/** The fields of proc_pid_stat(5) from the third on; none when there is no such process. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the command's name, may contain spaces and parentheses; the third follows the last parenthesis.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}

/** This process's own identity. */
export function thisProcess(): ProcessIdentity | undefined {
  self ??= identify(process.pid);
  return self;
}

let self: ProcessIdentity | undefined;

/** Whether it still runs, or is a zombie. */
export function isAlive(identity: ProcessIdentity): boolean {
  return isSame(identity, identify(identity.pid));
}

/** Whether it still runs, and is no zombie that only its parent has yet to notice. */
export function isRunning(identity: ProcessIdentity): boolean {
  return isAlive(identity) && statOf(identity.pid)[0] !== "Z";
}

/** PF_EXITING of the kernel's include/linux/sched.h. */
const EXITING = 0x4;

/** Whether it has begun to end: pid 1 of a pid namespace takes until all others there are gone, and has no files any more. */
export function isEnding(identity: ProcessIdentity): boolean {
  const stat = statOf(identity.pid);
  return stat[19] !== identity.startTime || (Number(stat[6]) & EXITING) !== 0;
}

export function isSame(one: ProcessIdentity, other: ProcessIdentity | undefined): boolean {
  return one.pid === other?.pid && one.startTime === other.startTime && one.boot === other.boot;
}

/** Differs after each boot of the machine. */
export function bootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return boot;
}

let boot: string | undefined;
