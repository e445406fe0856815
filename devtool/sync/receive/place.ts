import {
  chmodSync,
  closeSync,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { PULL_FOLDER } from "../../config/project.ts";
import { Failure } from "../../failure.ts";
import { localPath, parentOf } from "../../paths/bytes.ts";
import { errnoOf } from "../../process/errno.ts";
import type { Entry } from "../wire/entry.ts";

/** Puts files into the project, each whole or not at all. */
export class Place {
  readonly #root: string;
  readonly #folder: string;
  #count = 0;

  /** @throws a system error where the project can't be written */
  constructor(root: string) {
    this.#root = root;
    this.#folder = join(root, PULL_FOLDER, String(process.pid));
    refuseLink(join(root, PULL_FOLDER));
    removeAbandoned(join(root, PULL_FOLDER));
    mkdirSync(this.#folder, { recursive: true });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
    removeAbandoned(join(this.#root, PULL_FOLDER));
  }

  makeFolder(path: string): void {
    mkdirSync(localPath(this.#root, path), { recursive: true });
  }

  /** A new file, which put() or discard() ends. */
  open(): Incoming {
    return new Incoming(this.#next());
  }

  put(file: Incoming, entry: Entry): void {
    const time = timesOf(entry);
    file.close();
    if (process.platform !== "win32") chmodSync(file.path, entry.mode & 0o777);
    utimesSync(file.path, time, time);
    this.#move(file.path, entry.name);
  }

  putLink(entry: Entry): void {
    const path = this.#next();
    symlinkSync(Buffer.from(entry.link ?? "", "latin1"), path);
    lutimesSync(path, timesOf(entry), timesOf(entry));
    this.#move(path, entry.name);
  }

  setMode(entry: Entry): void {
    chmodSync(localPath(this.#root, entry.name), entry.mode & 0o777);
  }

  #next(): string {
    return join(this.#folder, String(this.#count++));
  }

  #move(from: string, name: string): void {
    this.makeFolder(parentOf(name) || ".");
    const to = localPath(this.#root, name);
    try {
      renameSync(from, to);
    } catch (error) {
      if (errnoOf(error) !== "EXDEV") throw error;
      this.#moveAcross(from, parentOf(name), to);
    }
  }

  /** A folder of the project may be on another file system: the file is made whole there first. */
  #moveAcross(from: string, folder: string, to: string | Buffer): void {
    const beside = localPath(this.#root, `${folder}/.devtool-pull-${process.pid}`);
    try {
      copyFileSync(from, beside);
      renameSync(beside, to);
    } finally {
      rmSync(beside, { force: true });
    }
  }
}

/** A file that is being received. */
class Incoming {
  readonly path: string;
  readonly #file: number;
  #isOpen = true;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "wx", 0o600);
  }

  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }

  discard(): void {
    this.close();
    rmSync(this.path, { force: true });
  }
}

export type { Incoming };

/** As utimes takes it: a negative number would be the present. */
function timesOf({ seconds, nanoseconds }: Entry): number | Date {
  const time = seconds + nanoseconds / 1e9;
  return time < 0 ? new Date(time * 1000) : time;
}

/** One leads to what is not devtool's to remove. */
function refuseLink(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  throw new Failure(`${folder} is a symbolic link, and pull keeps its own files there`, {
    code: "project-unwritable",
    remedy: "remove the link",
  });
}

/** What pulls that were killed left, and the folder once it is empty. */
function removeAbandoned(folder: string): void {
  const names = namesIn(folder);
  for (const name of names) if (!isRunning(Number(name))) rmSync(join(folder, name), { recursive: true, force: true });
  if (namesIn(folder).length === 0) rmSync(folder, { recursive: true, force: true });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    return Number.isSafeInteger(pid) && pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) === "EPERM";
  }
}
