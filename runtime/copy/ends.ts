import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from "node:fs";
import { basename, dirname } from "node:path";
import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import { ERRNO } from "../linux.ts";
import { type Copied, type CopyOptions, copy, copyContent, type Place, pathOf, specialInTheWay } from "./copy.ts";

/** As many links as the kernel follows: path_resolution(7). */
const LINKS_MAX = 40;

/** One side of a copy, this machine's or a container's. */
export interface Side {
  /** For messages. */
  readonly name: string;
  /** A descriptor of what a path leads to, through links; or -errno. */
  open(path: string): number;
}

/** This machine's files; a relative path begins at the working directory. */
export const MACHINE: Side = {
  name: "this machine",
  open(path) {
    try {
      return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    } catch (error) {
      return (error as NodeJS.ErrnoException).errno ?? -1;
    }
  },
};

export interface End {
  readonly side: Side;
  readonly path: string;
}

/**
 * Copies as docker cp does: into a directory that exists, or under a new name in one; of a path that ends in `/.` what is in it.
 * A link that is named is copied itself, unless `follow`, or its path ends in `/`; one that is named as the target is followed.
 * Throws Failure, or the signal's reason.
 */
export async function copyBetween(
  source: End,
  target: End,
  options: CopyOptions & { readonly follow: boolean },
): Promise<Copied> {
  const { open, closeAll } = opening();
  try {
    return await copyOpened(source, target, options, open);
  } finally {
    closeAll();
  }
}

/** Throws Failure for what can't be opened. */
type Open = (end: End, path: string) => number;

export function opening(): { readonly open: Open; closeAll(): void } {
  const opened: number[] = [];
  return {
    open: (end, path) => {
      const fd = end.side.open(path);
      if (fd < 0) throw unreachable({ ...end, path }, -fd);
      opened.push(fd);
      return fd;
    },
    closeAll: () => {
      for (const fd of opened) closeSync(fd);
    },
  };
}

async function copyOpened(
  source: End,
  target: End,
  options: CopyOptions & { readonly follow: boolean },
  open: Open,
): Promise<Copied> {
  const there = directoryAt(target);
  if (there !== undefined) {
    try {
      if (isContent(source.path)) return await copyContent(open(source, source.path), there, options);
      const from = placeOf(source, options.follow, open);
      return await copy(from.place, { directory: there, name: from.name }, options);
    } finally {
      closeSync(there);
    }
  }
  const to = followed(target, open);
  if (isContent(source.path)) return copy({ directory: open(source, source.path), name: "." }, to, options);
  const { place } = placeOf(source, options.follow, open);
  if (target.path.endsWith("/") && !lstatSync(pathOf(place)).isDirectory())
    throw new Failure(`there is no directory ${target.path} of ${target.side.name}`, { code: "usage" });
  return copy(place, to, options);
}

/** docker's way to name what is in a directory. The root has no name to copy it under. */
export function isContent(path: string): boolean {
  return /(^|\/)\.$/.test(path) || /^\/+$/.test(path);
}

/** Its descriptor, or undefined where the path leads to none. Throws Failure where it leads to neither that nor a file. */
function directoryAt({ side, path }: End): number | undefined {
  const fd = side.open(path);
  // It is a socket. As a pipe, it may be what /dev/stdout leads to, which has no place.
  if (fd === -ERRNO.ENXIO) throw specialInTheWay(basename(path));
  if (fd < 0) return undefined;
  const stats = fstatSync(fd);
  if (stats.isDirectory()) return fd;
  closeSync(fd);
  if (!stats.isFile()) throw specialInTheWay(basename(path));
  return undefined;
}

/** The place of a source, and under which name it is copied into a directory. */
export function placeOf(source: End, follow: boolean, open: Open): { place: Place; name: string } {
  const place = parentOf(source, open);
  const stats = lstatSync(pathOf(place), { throwIfNoEntry: false });
  if (!stats) throw unreachable(source, ERRNO.ENOENT);
  const isThrough = source.path.endsWith("/") || (stats.isSymbolicLink() && follow);
  if (!isThrough) return { place, name: place.name };
  const fd = open(source, source.path);
  const isDirectory = fstatSync(fd).isDirectory();
  return { place: isDirectory ? { directory: fd, name: "." } : followed(source, open), name: place.name };
}

/** The place that links lead to, by way of others; there need not be anything. */
function followed({ side, path }: End, open: Open): Place {
  let at = path;
  for (let links = 0; links <= LINKS_MAX; links += 1) {
    const place = parentOf({ side, path: at }, open);
    if (!lstatSync(pathOf(place), { throwIfNoEntry: false })?.isSymbolicLink()) return place;
    const text = readlinkSync(pathOf(place), "utf8");
    at = text.startsWith("/") ? text : `${dirname(at)}/${text}`;
  }
  throw unreachable({ side, path }, ERRNO.ELOOP);
}

function parentOf(end: End, open: Open): Place {
  const path = end.path.replace(/\/+$/, "");
  const name = Buffer.from(basename(path)).toString("latin1");
  if (name === "" || name === "." || name === "..") throw new Failure(`${end.path} names no file`, { code: "usage" });
  return { directory: open(end, dirname(path)), name };
}

function unreachable({ side, path }: End, errno: number): Failure {
  return new Failure(`can't reach ${path} of ${side.name}: ${errnoText(errno)}`, { code: "usage" });
}
