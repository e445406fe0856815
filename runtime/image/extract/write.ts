import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  lutimesSync,
  openSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { identity } from "../../host/users/identity.ts";
import { type Identity, isMapped } from "../../spec/namespaces.ts";
import { BadImage, bytesOf, type Entry, type Metadata, type Piece, shown } from "../archive/entry.ts";

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** `path` must not exist. `onBytes` gets the length of each piece before it is written. */
export async function writeFile(
  path: Buffer,
  metadata: Metadata,
  content: AsyncIterable<Piece>,
  onBytes: (length: number) => void,
): Promise<void> {
  const file = openSync(path, NEW_FILE, 0o600);
  try {
    await writePieces(file, content, onBytes);
    if (keepsOwner(metadata)) fchownSync(file, metadata.uid, metadata.gid);
    // After chown, which takes setuid and setgid away.
    fchmodSync(file, metadata.mode);
    futimesSync(file, time(metadata), time(metadata));
  } finally {
    closeSync(file);
  }
}

async function writePieces(
  file: number,
  content: AsyncIterable<Piece>,
  onBytes: (length: number) => void,
): Promise<void> {
  let at = 0;
  let end = 0;
  for await (const piece of content) {
    if ("hole" in piece) {
      at += piece.hole;
      continue;
    }
    onBytes(piece.length);
    for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done, piece.length - done, at + done);
    at += piece.length;
    end = at;
  }
  if (at > end) ftruncateSync(file, at);
}

type Symlink = Pick<Entry & { kind: "symlink" }, "path" | "target">;

/** The longest target a symlink can have: PATH_MAX minus its NUL. */
const SYMLINK_BYTES_MAX = 4_095;

/** The target is not looked at: only a container follows it, and it can't lead out of that. Throws BadImage for no target. */
export function makeSymlink(path: Buffer, metadata: Metadata, { path: name, target }: Symlink): void {
  if (target === "" || target.includes("\0") || target.length > SYMLINK_BYTES_MAX)
    throw new BadImage(`the symlink ${shown(name)} has no valid target`);
  symlinkSync(bytesOf(target), path);
  if (keepsOwner(metadata)) lchownSync(path, metadata.uid, metadata.gid);
  lutimesSync(path, time(metadata), time(metadata));
}

/** Node.js has no mkfifo, and takes no bytes as an argument of a program; xargs does. */
export function makeFifo(path: Buffer, metadata: Metadata): void {
  const { status } = spawnSync("xargs", ["-0", "mkfifo", "--"], { input: path, stdio: ["pipe", "ignore", "ignore"] });
  // What keeps out a FIFO, such as a full disk, keeps out a file too, and then Node.js names it.
  if (status !== 0) closeSync(openSync(path, NEW_FILE, 0o600));
  finish(path, metadata);
}

/** Sets what a new directory or FIFO gets when nothing is written to it any more. */
export function finish(path: Buffer, metadata: Metadata): void {
  if (keepsOwner(metadata)) lchownSync(path, metadata.uid, metadata.gid);
  chmodSync(path, metadata.mode);
  utimesSync(path, time(metadata), time(metadata));
}

let own: Identity | undefined;

/** Only root can change owners, to those that its user namespace has. */
function keepsOwner({ uid, gid }: Metadata): boolean {
  own ??= identity();
  return own.uid === 0 && isMapped(own.ids.uids, uid) && isMapped(own.ids.gids, gid);
}

/** Node.js reads a negative number as the present time, but a Date before 1970 correctly. */
function time({ mtime }: Metadata): number | Date {
  return mtime < 0 ? new Date(mtime * 1_000) : mtime;
}
