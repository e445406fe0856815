import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** How long a process group may take to end after SIGTERM before it is sent SIGKILL. */
const TERMINATE_GRACE_MS = 5_000;
/** How long a killed group may take to end; after that, a process in uninterruptible sleep is left behind. */
const KILL_WAIT_MS = 2_000;
const POLL_MS = 5;

/** Returns false when the group has no process that may be signalled. */
export function signalGroup(pgid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pgid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Ends every process of the group: SIGTERM, then SIGKILL. Returns once it is empty. */
export async function endGroup(pgid: number): Promise<void> {
  if (!signalGroup(pgid, "SIGTERM") || !hasLiving(pgid)) return;
  // A stopped process only acts on SIGTERM once it continues.
  signalGroup(pgid, "SIGCONT");
  if (await isEmptyWithin(pgid, TERMINATE_GRACE_MS)) return;
  signalGroup(pgid, "SIGKILL");
  await isEmptyWithin(pgid, KILL_WAIT_MS);
}

async function isEmptyWithin(pgid: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (signalGroup(pgid, 0) && hasLiving(pgid)) {
    if (performance.now() > deadline) return false;
    await delay(POLL_MS);
  }
  return true;
}

/** Zombies can still be signalled, and the init of some containers never waits for them. */
function hasLiving(pgid: number): boolean {
  return readdirSync("/proc").some((name) => /^\d/.test(name) && isLivingMember(name, pgid));
}

function isLivingMember(pid: string, pgid: number): boolean {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return false; // it has just ended
  }
  // pid (command) state ppid pgrp …; the command may contain anything, parentheses too.
  const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(group) === pgid && state !== "Z" && state !== "X";
}
