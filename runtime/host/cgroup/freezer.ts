import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Whether the processes of a cgroup are stopped, or about to be; false of one without a freezer. */
export function isFrozen(cgroup: string, version: 1 | 2): boolean {
  const state = textOf(join(cgroup, version === 1 ? "freezer.state" : "cgroup.events"));
  if (version === 1) return state !== "" && state.trim() !== "THAWED";
  return /^frozen 1$/m.test(state) || textOf(join(cgroup, "cgroup.freeze")).trim() === "1";
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has no such file, or was removed
  }
}
