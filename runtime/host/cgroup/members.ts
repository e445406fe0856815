import { closeSync, constants, openSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isGone } from "../errno.ts";

/** Does nothing where somebody else removes it meanwhile. */
export function emptyCgroup(path: string): void {
  try {
    empty(path);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/**
 * Kills the processes of a cgroup and of those below it, and removes the latter. What does not end at once is left.
 * Follows descriptors: a container may have made cgroups deeper than a path can be long.
 */
function empty(path: string): void {
  let at = openSync(path, constants.O_DIRECTORY);
  const go = (name: string) => {
    const from = at;
    at = openSync(inside(from, name), constants.O_DIRECTORY);
    closeSync(from);
  };
  try {
    /** The cgroups between `path` and here, each with those below it that are still to be visited. */
    const open = [{ name: "", below: enter(inside(at)) }];
    for (let here = open.at(-1); here; here = open.at(-1)) {
      const name = here.below.pop();
      if (name !== undefined) {
        go(name);
        open.push({ name, below: enter(inside(at)) });
      } else {
        open.pop();
        if (open.length === 0) break;
        go("..");
        attempt(() => rmdirSync(inside(at, here.name)));
      }
    }
  } finally {
    closeSync(at);
  }
}

function inside(fd: number, name = "."): string {
  return `/proc/self/fd/${fd}/${name}`;
}

/** Kills its processes, and returns the names of the cgroups in it. */
function enter(cgroup: string): string[] {
  thawCgroup(cgroup);
  for (const pid of readFileSync(join(cgroup, "cgroup.procs"), "utf8").split("\n")) {
    // 0: one of another pid namespace.
    if (Number(pid) > 0) attempt(() => process.kill(Number(pid), "SIGKILL"));
  }
  const entries = readdirSync(cgroup, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** In a frozen cgroup v1 not even SIGKILL has an effect. Does nothing in a hierarchy without a freezer. */
function thawCgroup(cgroup: string): void {
  attempt(() => writeFileSync(join(cgroup, "freezer.state"), "THAWED", { flag: "r+" }));
}

/** It may have ended, or been removed, just before. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The caller looks at what is left.
  }
}
