import { readFileSync } from "node:fs";

/** Names a process beyond the reuse of its number: no other of the same boot has both. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from boot to its start: field 22 of proc_pid_stat(5). */
  readonly startTime: string;
  /** /proc/sys/kernel/random/boot_id */
  readonly boot: string;
}

/** Undefined when there is no such process. */
export function identify(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name may hold spaces and parentheses, so fields count from its last one; the first after it is the third.
    const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    return startTime === undefined ? undefined : { pid, startTime, boot: bootId() };
  } catch {
    return undefined;
  }
}

/** It still runs, or is a zombie. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid);
  return now?.startTime === identity.startTime && now.boot === identity.boot;
}

let boot: string | undefined;

function bootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return boot;
}
