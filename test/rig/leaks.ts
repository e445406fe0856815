import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { bridgeName, tableName } from "../../runtime/network/link-names.ts";

/** What a container could leave on the host. */
export interface Traces {
  readonly mounts: readonly string[];
  readonly links: readonly string[];
  readonly cgroups: readonly string[];
  /** nft tables. */
  readonly rules: readonly string[];
  /** Descendants of this process. */
  readonly processes: readonly string[];
  /** Below the state directory, what belongs to containers. */
  readonly state: readonly string[];
}

/**
 * What the runtime creates for the whole machine has its name, which is the only sign of its owner. What a test creates
 * itself is called tinydocker-test.SOMETHING, a bench tinydocker-bench-SOMETHING, and may run at the same time.
 */
const OUR_NAME = /tinydocker(?!-(?:test|bench)[.-])/;

/**
 * A snapshot of what a test must not change; compare two with deepEqual. Other programs of the machine may create
 * things of the same kinds: only what has our name, a container's name in `names` or the state directory's name counts,
 * and what our processes are in.
 */
export function traces(stateRoot: string, ...names: readonly string[]): Traces {
  const isOurs = (text: string) => OUR_NAME.test(text) || text.includes(stateRoot);
  const isNamed = (name: string) => isOurs(name) || names.includes(name);
  const processes = descendants(process.pid);
  return {
    // Other tests run at the same time, each with its own state directory, which every mount of ours names.
    mounts: lines("/proc/self/mountinfo").filter((line) => line.includes(stateRoot)),
    links: entries("/sys/class/net")
      .filter((path) => isNamed(nameOf(path)) || isOurs(aliasOf(path)))
      .filter((path) => !isOthersBridge(path, stateRoot)),
    cgroups: [...namedCgroups(isNamed, stateRoot), ...cgroupsOf(processes)].sort(),
    rules: ruleTables()
      .filter((table) => isOurs(table) || names.some((name) => table.includes(`"${name}"`)))
      .filter((table) => !isOthersTable(table, stateRoot)),
    processes: processes.map(({ name }) => name),
    state: ["containers", "work", "locks", "records", "renamed", "monitors", "memory"].flatMap((part) =>
      entries(join(stateRoot, part)),
    ),
  };
}

/** In every hierarchy: on cgroup v1 one for each controller, on v2 one, on a hybrid both. */
function namedCgroups(isNamed: (name: string) => boolean, stateRoot: string): string[] {
  const below = (path: string, isBelowOurs: boolean): string[] =>
    directories(path).flatMap((child) => {
      if (isOfOtherState(child, stateRoot)) return [];
      const isOurs = (isBelowOurs || isNamed(nameOf(child))) && !isOthers(child);
      const inside = below(child, isOurs || isBelowOurs);
      // The one of all containers comes and goes with any; test/rig/left-behind.sh looks for it after all tests.
      return isOurs && (inside.length > 0 || nameOf(child) !== "tinydocker") ? [child, ...inside] : inside;
    });
  return below("/sys/fs/cgroup", false);
}

/**
 * It belongs to a container of a test that runs at the same time: its name ends with that test's state directory. One that
 * is older than this state directory belongs to an earlier one with the same inode number.
 */
function isOfOtherState(cgroup: string, stateRoot: string): boolean {
  const [id] = /(?<=\.)[0-9a-f]+-[0-9a-f]+$/.exec(nameOf(cgroup)) ?? [];
  if (id === undefined) return false;
  const state = statSync(stateRoot, { throwIfNoEntry: false });
  if (state === undefined || id !== `${state.dev.toString(16)}-${state.ino.toString(16)}`) return true;
  const made = statSync(cgroup, { throwIfNoEntry: false });
  return made !== undefined && made.mtimeMs < state.birthtimeMs;
}

/**
 * Whether it belongs to a container that another test is running. An orphan, whose parent is 1, counts as ours, so that
 * it is reported.
 */
function isOthers(cgroup: string): boolean {
  const pids = textOf(join(cgroup, "cgroup.procs")).split("\n").filter(Boolean).map(Number);
  if (pids.length === 0) return directories(cgroup).some(isOthers);
  const ours = new Set(descendants(process.pid).map(({ pid }) => pid));
  // 0: a process of another pid namespace, which this process can't see.
  return pids.every((pid) => pid === 0 || (!ours.has(pid) && statOf(String(pid))?.parent !== 1));
}

/** The cgroups of our processes, without those of this process. */
function cgroupsOf(processes: readonly Descendant[]): string[] {
  const own = lines("/proc/self/cgroup");
  const all = processes.flatMap(({ pid }) => textOf(`/proc/${pid}/cgroup`).split("\n"));
  return [...new Set(all)].filter((line) => line !== "" && !own.includes(line));
}

/** The bridge of a network in another state directory; its name depends on both. */
function isOthersBridge(link: string, stateRoot: string): boolean {
  const [, network] = /^tinydocker network (.*)$/m.exec(aliasOf(link)) ?? [];
  return network !== undefined && nameOf(link) !== bridgeName(stateRoot, network);
}

/** As each state directory has one. */
function isOthersTable(table: string, stateRoot: string): boolean {
  const [name] = /tinydocker-[0-9a-f]{8}(?= )/.exec(table) ?? [];
  return name !== undefined && name !== tableName(stateRoot);
}

function aliasOf(link: string): string {
  return textOf(join(link, "ifalias"));
}

/** Each table as one text. None where nft is not installed, or not permitted. */
function ruleTables(): string[] {
  const { stdout } = spawnSync("nft", ["list", "ruleset"], { encoding: "utf8" });
  return (stdout ?? "").split(/^(?=table )/m).filter(Boolean);
}

function lines(path: string): string[] {
  return readFileSync(path, "utf8").trimEnd().split("\n");
}

function entries(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
}

function directories(path: string): string[] {
  try {
    const all = readdirSync(path, { withFileTypes: true });
    return all.filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name));
  } catch {
    return []; // it was removed
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Empty where the file no longer exists or can't be read, such as cgroup.procs of a threaded cgroup. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

interface Descendant {
  readonly pid: number;
  readonly name: string;
}

/** Of this process and below, without esbuild's. */
export function descendants(root: number): Descendant[] {
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
  return [...parents]
    .filter(([pid, { name }]) => name !== "esbuild" && isOurs(pid))
    .map(([pid, { name }]) => ({ pid, name }));
}

function statOf(pid: string): { parent: number; name: string } | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const end = stat.lastIndexOf(")");
  if (end < 0) return undefined;
  return { parent: Number(stat.slice(end + 2).split(" ")[1]), name: stat.slice(stat.indexOf("(") + 1, end) };
}
