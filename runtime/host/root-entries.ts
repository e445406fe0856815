import { accessSync, constants, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { RootEntry } from "../plan/host-facts.ts";
import { unescapeMountinfo } from "./mountinfo.ts";

/** Directories that the container's own mounts fill, or that are private to the host's sessions. */
const EMPTY_MODES: Readonly<Record<string, number>> = { dev: 0o755, proc: 0o755, sys: 0o755, run: 0o755, tmp: 0o1777 };

/** The entries of the machine's root as a container of a caller without root can have them. */
export function rootEntries(): RootEntry[] {
  const mountPoints = mountPointsOf(readFileSync("/proc/self/mountinfo", "utf8"));
  return readdirSync("/", { withFileTypes: true }).flatMap((entry): RootEntry[] => {
    const { name } = entry;
    const path = join("/", name);
    if (entry.isSymbolicLink()) return [{ name, kind: "symlink", target: readlinkSync(path) }];
    if (!entry.isDirectory()) return [];
    const mode = EMPTY_MODES[name];
    if (mode !== undefined) return [{ name, kind: "empty", mode }];
    if (!readable(path)) return [{ name, kind: "empty", mode: 0o700 }];
    // The kernel refuses a lower layer that would uncover what a mount of the host hides.
    const covered = mountPoints.some((point) => point.startsWith(`${path}/`));
    return [covered ? { name, kind: "empty", mode: 0o755 } : { name, kind: "overlay" }];
  });
}

function readable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** proc_pid_mountinfo(5): the fifth field of each line. */
export function mountPointsOf(mountinfo: string): string[] {
  return mountinfo.split("\n").flatMap((line) => {
    const point = line.split(" ")[4];
    return point === undefined ? [] : [unescapeMountinfo(point)];
  });
}
