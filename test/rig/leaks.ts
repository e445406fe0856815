import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a container could leave on the host. */
export interface Traces {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly cgroups: readonly string[];
  /** Descendants of this process. */
  readonly processes: readonly string[];
  /** Below the state directory, what belongs to containers. */
  readonly state: readonly string[];
}

/** A snapshot of what a test must leave as it found it; compare two with deepEqual. */
export function traces(stateRoot: string): Traces {
  return {
    // Other programs of the machine come and go: only what names the state directory, or an overlay's, can be ours.
    mounts: lines("/proc/self/mountinfo").filter((line) => line.includes(stateRoot)),
    links: lines("/proc/net/dev").flatMap((line) => /^\s*(\S+):/.exec(line)?.[1] ?? []),
    cgroups: lines("/proc/self/cgroup"),
    processes: descendants(process.pid),
    state: ["containers", "work", "locks", "records", "memory"].flatMap((part) => entries(join(stateRoot, part))),
  };
}

function lines(path: string): string[] {
  return readFileSync(path, "utf8").trimEnd().split("\n");
}

function entries(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
}

function descendants(root: number): string[] {
  const parents = new Map<number, { parent: number; name: string }>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const stat = statOf(pid);
    if (stat) parents.set(Number(pid), stat);
  }
  const isOurs = (pid: number): boolean => {
    const parent = parents.get(pid)?.parent;
    return parent !== undefined && (parent === root || isOurs(parent));
  };
  // esbuild keeps a process of its own.
  return [...parents].filter(([pid, { name }]) => name !== "esbuild" && isOurs(pid)).map(([, { name }]) => name);
}

function statOf(pid: string): { parent: number; name: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const end = stat.lastIndexOf(")");
    return { parent: Number(stat.slice(end + 2).split(" ")[1]), name: stat.slice(stat.indexOf("(") + 1, end) };
  } catch {
    return undefined;
  }
}
