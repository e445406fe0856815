import { fstatSync, type Stats, statfsSync } from "node:fs";
import { isTerminal } from "../../host/terminal.ts";
import { hasUserNamespace, hostId } from "../../spec/namespaces.ts";
import type { ContainerSpec } from "../../spec/spec.ts";

/** Whoever may read it can also open /dev/stdin. */
const S_IROTH = 0o004;

type Stdio = readonly [number, number, number];

/**
 * Which of a command's 0, 1 and 2 are pipes that are copied to or from the caller's descriptors. A terminal of the caller
 * is, because a command that has it could read what is typed there and set its mode; and so is what the command could not
 * open as /dev/stdout.
 */
export function relay(stdio: Stdio, { process, linux }: ContainerSpec): { stdio: Stdio; relayed: number[] } {
  const owner = ownerOf(process.user.uid, linux);
  const relayed = [0, 1, 2].filter((fd) => isRelayed(fd, stdio[fd] ?? -1, owner));
  const [stdin, stdout, stderr] = stdio;
  // One pipe for both keeps the order of what the command writes to them.
  const shared = relayed.includes(1) && relayed.includes(2) && isSame(fstatSync(stdout), fstatSync(stderr));
  return { stdio: [stdin, stdout, shared ? stdout : stderr], relayed };
}

/** Whose files the command can open, by their numbers outside the container; undefined: everyone's. */
function ownerOf(uid: number, linux: ContainerSpec["linux"]): number | undefined {
  return hasUserNamespace(linux) ? hostId(linux.uidMappings, uid) : uid || undefined;
}

function isRelayed(fd: number, given: number, owner: number | undefined): boolean {
  const stat = fstatSync(given);
  if (stat.isCharacterDevice()) return isTerminal(given);
  if (stat.isSocket()) return true;
  const isOthers = owner !== undefined && stat.uid !== owner;
  const isClosed = fd !== 0 || (stat.mode & S_IROTH) === 0;
  return isOthers && isClosed && (stat.isFile() || (stat.isFIFO() && hasName(given)));
}

/** Linux's PIPEFS_MAGIC of linux/magic.h: what pipe(2) makes, which the container's init gives to the command's user. */
const PIPEFS = 0x50495045;

function hasName(fifo: number): boolean {
  return statfsSync(`/proc/self/fd/${fifo}`).type !== PIPEFS;
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino;
}
