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
  const { path, stopped, goesOn } = switchOf(cgroup, version);
  writeFileSync(path, stop ? stopped : goesOn, { flag: "r+" });
}

/** The file that says whether they are to be stopped, and what it takes. */
export function switchOf(cgroup: string, version: 1 | 2) {
  if (version === 1) return { path: join(cgroup, "freezer.state"), stopped: "FROZEN", goesOn: "THAWED" };
  return { path: join(cgroup, "cgroup.freeze"), stopped: "1", goesOn: "0" };
}

/** Whether all of its processes have stopped; undefined of one without a freezer. */
export function isSettled(cgroup: string, version: 1 | 2): boolean | undefined {
  const state = textOf(join(cgroup, version === 1 ? "freezer.state" : "cgroup.events"));
  if (version === 1) return state === "" ? undefined : state.trim() === "FROZEN";
  return state === "" || textOf(join(cgroup, "cgroup.freeze")) === "" ? undefined : /^frozen 1$/m.test(state);
}
