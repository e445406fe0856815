import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { readAttributes } from "../../host/attributes.ts";
import type { Shim } from "../../host/shim.ts";
import { byteString, bytesOf } from "../../image/archive/entry.ts";
import { MOUNT_TABLE } from "../../plan/names.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import { isMissing } from "../../state/lock.ts";

/** A file that a container has added, changed or deleted. The path is absolute, and a byte string: names need not be UTF-8. */
export interface Change {
  readonly kind: "A" | "C" | "D";
  readonly path: string;
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Besides the mounts, what of the container's own is mounted. */
export const MADE = ["/dev/console", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"];

/** The link that each container gets. `target`: of a link. */
export function isMountTable(path: string, target: string | undefined): boolean {
  return path === MOUNT_TABLE.path && target === MOUNT_TABLE.target;
}

const OPAQUE = /^(trusted|user)\.overlay\.opaque$/;

/**
 * What a container's upper layer changes of the layers below it, by path. The container may run: every directory of the upper
 * layer is opened by its name in the one above it, so that no link leads elsewhere, whatever it becomes meanwhile.
 */
export function changesOf(shim: Shim, upper: string, spec: ContainerSpec): Change[] {
  const own = new Set([...spec.mounts.map(({ destination }) => byteString(destination)), ...MADE]);
  let fd: number;
  try {
    fd = openSync(upper, DIRECTORY);
  } catch (error) {
    if (isMissing(error)) return []; // it was never started
    throw error;
  }
  try {
    return changesIn({ shim, own }, fd, "", spec.root.layers.map(byteString)).sort((a, b) =>
      a.path < b.path ? -1 : 1,
    );
  } finally {
    closeSync(fd);
  }
}

interface Walk {
  readonly shim: Shim;
  /** What tinydocker itself made to mount something there. */
  readonly own: ReadonlySet<string>;
}

/** `lowers`: the same directory of the layers below, the topmost first. */
function changesIn(walk: Walk, fd: number, path: string, lowers: readonly string[]): Change[] {
  const here = `/proc/self/fd/${fd}`;
  const names = readdirSync(here, { encoding: "latin1" });
  const isOpaque = readAttributes(walk.shim, Buffer.from(`${here}/.`)).some(({ name }) => OPAQUE.test(name));
  const hidden = isOpaque ? lowers.flatMap(namesIn).filter((name) => !names.includes(name)) : [];
  return [
    ...[...new Set(hidden)].map((name): Change => ({ kind: "D", path: `${path}/${name}` })),
    ...names.flatMap((name) => changeOf(walk, `${here}/${name}`, `${path}/${name}`, entriesIn(lowers, name))),
  ];
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(bytesOf(directory), { encoding: "latin1" });
  } catch {
    return []; // not every layer has it
  }
}

interface Lower {
  readonly path: string;
  readonly stats: Stats;
}

/** What the layers below have of that name, the topmost first, up to one that hides the others. */
function entriesIn(lowers: readonly string[], name: string): Lower[] {
  const all: Lower[] = [];
  for (const lower of lowers) {
    const stats = lstatSync(bytesOf(`${lower}/${name}`), { throwIfNoEntry: false });
    if (!stats) continue;
    if (!isWhiteout(stats)) all.push({ path: `${lower}/${name}`, stats });
    if (!stats.isDirectory()) break;
  }
  return all;
}

function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

function changeOf(walk: Walk, entry: string, path: string, lowers: readonly Lower[]): Change[] {
  const stats = lstatSync(bytesOf(entry), { throwIfNoEntry: false });
  // The container has just removed it.
  if (!stats) return [];
  if (isWhiteout(stats)) return [{ kind: "D", path }];
  const [lower] = lowers;
  const kind = lower ? "C" : "A";
  const isOwn = walk.own.has(path) || (stats.isSymbolicLink() && isMountTable(path, readlinkSync(bytesOf(entry))));
  if (!stats.isDirectory()) return isOwn ? [] : [{ kind, path }];
  const inside = insideOf(walk, entry, path, lowers);
  const isSame = lower ? hasSameOwner(lower.stats, stats) : isOwn || leadsToOwn(walk, path);
  return inside.length === 0 && isSame ? [] : [{ kind, path }, ...inside];
}

function insideOf(walk: Walk, entry: string, path: string, lowers: readonly Lower[]): Change[] {
  let fd: number;
  try {
    fd = openSync(bytesOf(entry), DIRECTORY);
  } catch {
    return []; // it is no directory any more
  }
  try {
    const directories = lowers.filter(({ stats }) => stats.isDirectory()).map((one) => one.path);
    return changesIn(walk, fd, path, directories);
  } finally {
    closeSync(fd);
  }
}

/** It was copied up for what was mounted in it. */
function hasSameOwner(one: Stats, other: Stats): boolean {
  return one.isDirectory() && one.mode === other.mode && one.uid === other.uid && one.gid === other.gid;
}

function leadsToOwn({ own }: Walk, path: string): boolean {
  return [...own].some((one) => one.startsWith(`${path}/`));
}
