import { readFileSync, writeFileSync } from "node:fs";
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

/** Stops the processes of a cgroup, which takes a moment, or lets them go on. */
export function freeze(cgroup: string, version: 1 | 2, stop: boolean): void {
  if (version === 1) writeFileSync(join(cgroup, "freezer.state"), stop ? "FROZEN" : "THAWED", { flag: "r+" });
  else writeFileSync(join(cgroup, "cgroup.freeze"), stop ? "1" : "0", { flag: "r+" });
}

/** Whether all of its processes have stopped; undefined of one without a freezer. */
export function isSettled(cgroup: string, version: 1 | 2): boolean | undefined {
  const state = textOf(join(cgroup, version === 1 ? "freezer.state" : "cgroup.events"));
  if (version === 1) return state === "" ? undefined : state.trim() === "FROZEN";
  return state === "" || textOf(join(cgroup, "cgroup.freeze")) === "" ? undefined : /^frozen 1$/m.test(state);
}
