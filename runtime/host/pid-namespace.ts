import { readdirSync, readlinkSync } from "node:fs";

/** The processes in the pid namespace of that one, itself included. */
export function processesIn(pid: number): number[] {
  const namespace = namespaceOf(pid);
  if (namespace === undefined) return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((one) => one > 0 && namespaceOf(one) === namespace);
}

/** Undefined if it has ended, or is another user's. */
function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
