import { type BigIntStats, readlinkSync, type Stats } from "node:fs";
import { localPath } from "../../paths/bytes.ts";
import { type Entry, MODE } from "../wire/entry.ts";

export interface LocalProject {
  /** Absolute. */
  readonly root: string;
  /** Whether a file, its path as bytes, is executable, where the file system has no such bit (Windows). */
  readonly executable?: ((path: string) => boolean) | undefined;
  readonly elsewhere?: Elsewhere | undefined;
}

/** A folder that the project has here at another place: another one for each target. */
export interface Elsewhere {
  /** Its path in the project, as bytes; none of its parents is one of these. */
  readonly path: string;
  /** An absolute path on this machine, where it may not exist. */
  readonly folder: string;
}

/** Where a path of the project is, in the form that node:fs accepts. */
export function placeOf({ root, elsewhere }: Pick<LocalProject, "root" | "elsewhere">, path: string): string | Buffer {
  if (elsewhere && path === elsewhere.path) return elsewhere.folder;
  if (elsewhere && path.startsWith(`${elsewhere.path}/`))
    return localPath(elsewhere.folder, path.slice(elsewhere.path.length + 1));
  return localPath(root, path);
}

/** rsync/flist.c:make_file; undefined for sockets, pipes and devices. */
export function describe(request: LocalProject, path: string, name: string, stat: BigIntStats): Entry | undefined {
  const mode = modeOf(request, path, stat);
  const type = mode & MODE.type;
  const link = type === MODE.symlink ? readLink(request, path) : undefined;
  if (link === undefined && type !== MODE.regular && type !== MODE.directory) return undefined;
  const size = link?.length ?? (type === MODE.regular ? Number(stat.size) : 0);
  const rest = Number(stat.mtimeNs % SECOND);
  const seconds = Math.floor(Number(stat.mtimeMs) / 1000);
  return { name, path, mode, size, seconds, nanoseconds: rest < 0 ? rest + 1e9 : rest, link, complete: true };
}

/** Whether a file is still the one that was listed, with the same content, as far as its size and time tell. */
export function isAsListed({ size, seconds, nanoseconds }: Entry, stat: Stats): boolean {
  const difference = stat.mtimeMs - (seconds * 1000 + nanoseconds / 1_000_000);
  return stat.isFile() && stat.size === size && Math.abs(difference) < ROUNDING_MS;
}

/** The time is in floating point. No clock of a file system ticks as often. */
const ROUNDING_MS = 0.001;

/** Where the file system has no permissions, the configuration decides. */
function modeOf(request: LocalProject, path: string, stat: BigIntStats): number {
  const mode = Number(stat.mode) & 0o177777;
  const type = mode & MODE.type;
  if (request.executable === undefined || type === MODE.symlink) return mode;
  return type | (type === MODE.directory || request.executable(path) ? 0o755 : 0o644);
}

function readLink(project: LocalProject, path: string): string {
  const link = readlinkSync(placeOf(project, path), "latin1");
  return process.platform === "win32" ? link.replaceAll("\\", "/") : link;
}

const SECOND = 1_000_000_000n;

export function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The words of an errno, from Node.js's `EACCES: permission denied, open '…'`. */
export function reason(error: unknown): string {
  const { message } = error as Error;
  return /^E[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
}
