import { accessSync, constants, type Dirent, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import type { RootEntry } from "../plan/host-facts.ts";
import { isBelow } from "../spec/path.ts";
import { unescapeMountinfo } from "./mountinfo.ts";

/** Directories that the container's own mounts fill, or that are private to the host's sessions. */
const EMPTY_MODES: Readonly<Record<string, number>> = {
  "/dev": 0o755,
  "/proc": 0o755,
  "/sys": 0o755,
  "/run": 0o755,
  "/tmp": 0o1777,
};
/** Of native/init/place.c. A larger file is shown, but can't be changed. */
const COPY_BYTES_MAX = 1 << 20;
/** Each takes up to four of the plan's steps. A directory that would add more is shown, but can't be changed. */
const ENTRIES_MAX = 320;
const COPIED_BYTES_MAX = 16 << 20;

/** What is left of the limits, and where the machine has mounts. */
interface Survey {
  entries: number;
  bytes: number;
  readonly mountPoints: readonly string[];
}

/** The entries of the machine's root as a container of a caller without root can have them. */
export function rootEntries(): RootEntry[] {
  const mountPoints = mountPointsOf(readFileSync("/proc/self/mountinfo", "utf8"));
  const survey = { entries: ENTRIES_MAX, bytes: COPIED_BYTES_MAX, mountPoints };
  return entriesOf("/", namesIn("/").filter(isText), survey);
}

function entriesOf(directory: string, names: readonly Dirent[], survey: Survey): RootEntry[] {
  survey.entries -= names.length;
  return names.flatMap((entry) => entryOf(join(directory, entry.name), entry, survey));
}

/** Sockets, pipes and devices are the machine's own. */
function entryOf(path: string, entry: Dirent, survey: Survey): RootEntry[] {
  const { name } = entry;
  if (entry.isSymbolicLink()) return [{ name, kind: "symlink", target: readlinkSync(path) }];
  if (entry.isDirectory()) return [directoryOf(path, name, survey)];
  return entry.isFile() ? [fileOf(path, name, survey)] : [];
}

function directoryOf(path: string, name: string, survey: Survey): RootEntry {
  const mode = EMPTY_MODES[path];
  if (mode !== undefined) return { name, kind: "empty", mode };
  if (!isAllowed(path, constants.R_OK | constants.X_OK)) return { name, kind: "empty", mode: 0o700 };
  // The kernel refuses a lower layer that would uncover what a mount of the host hides.
  if (!survey.mountPoints.some((point) => point !== path && isBelow(point, path))) return { name, kind: "overlay" };
  const names = namesIn(path);
  if (names.length > survey.entries || !names.every(isText)) return { name, kind: "bound", type: "directory" };
  return { name, kind: "parts", mode: lstatSync(path).mode & 0o7777, entries: entriesOf(path, names, survey) };
}

function fileOf(path: string, name: string, survey: Survey): RootEntry {
  const { mode, size } = lstatSync(path);
  if (size > Math.min(COPY_BYTES_MAX, survey.bytes) || !isAllowed(path, constants.R_OK))
    return { name, kind: "bound", type: "file" };
  survey.bytes -= size;
  return { name, kind: "copy", mode: mode & 0o777 };
}

function namesIn(directory: string): Dirent[] {
  return readdirSync(directory, { withFileTypes: true });
}

/** A plan's steps are texts: one that is not UTF-8 has Node.js's replacement for what is none. */
function isText({ name }: Dirent): boolean {
  return !name.includes("\ufffd");
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
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
