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

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** A new file. `path` must not exist. */
export class NewFile {
  readonly #fd: number;
  #at = 0;
  #end = 0;

  constructor(path: Buffer) {
    this.#fd = openSync(path, CREATE, 0o600);
  }

  write(piece: Piece): void {
    if ("hole" in piece) {
      this.#at += piece.hole;
      return;
    }
    for (let done = 0; done < piece.length; )
      done += writeSync(this.#fd, piece, done, piece.length - done, this.#at + done);
    this.#at += piece.length;
    this.#end = this.#at;
  }

  finish(metadata: Metadata): void {
    if (this.#at > this.#end) ftruncateSync(this.#fd, this.#at);
    if (keepsOwner(metadata)) fchownSync(this.#fd, metadata.uid, metadata.gid);
    // After chown, which takes setuid and setgid away.
    fchmodSync(this.#fd, metadata.mode);
    futimesSync(this.#fd, time(metadata), time(metadata));
  }

  close(): void {
    closeSync(this.#fd);
  }
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
  if (status !== 0) closeSync(openSync(path, CREATE, 0o600));
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
