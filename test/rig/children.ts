import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The processes that a process has started, on this machine. From every process's parent: a thread's list of children can miss some of them. */
export function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
    .map(Number);
}

/** The first word of its command line. */
export function nameOf(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`).split("\0")[0] ?? "";
}

export function childNamed(parent: number, name: string): number {
  return childrenOf(parent).find((pid) => nameOf(pid) === name) ?? assert.fail(`${parent} has no child ${name}`);
}

/** By its program: the kernel says that it is executed before it has a name. */
export function guardOf(parent: number): number {
  const found = childrenOf(parent).find((pid) => programOf(pid).startsWith("/memfd:tinydocker-init"));
  return found ?? assert.fail(`${parent} has no guard`);
}

function parentOf(pid: string): number {
  const stat = textOf(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Empty if the process has ended. */
function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}

/** Empty if the process has ended. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
