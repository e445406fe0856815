import { closeSync, fsyncSync, openSync, readlinkSync, renameSync, unlinkSync, writeFileSync } from "node:fs";

interface Replacement {
  readonly content: string | Uint8Array;
  /** Also when the machine loses power. */
  readonly lasting: boolean;
  readonly rename?: (from: string, to: string) => void;
}

/**
 * Gives a file its new content as a whole or not at all: `open` opens `unfinished`, which then takes the place of `path`.
 */
export function replaceFile(
  path: string,
  unfinished: string,
  open: (path: string) => number,
  { content, lasting, rename = renameSync }: Replacement,
): void {
  try {
    const fd = open(unfinished);
    try {
      naming(fd, () => writeFileSync(fd, content));
      if (lasting) naming(fd, () => fsyncSync(fd));
    } finally {
      closeSync(fd);
    }
    rename(unfinished, path);
  } catch (error) {
    removeIfPossible(unfinished);
    throw error;
  }
}

/** The same in a directory of a container, with which the file goes. */
export function replaceIn(path: string, replacement: Replacement): void {
  replaceFile(path, `${path}.${process.pid}`, (unfinished) => openSync(unfinished, "w", 0o600), replacement);
}

/** What keeps it from being removed is what kept it from being written. */
function removeIfPossible(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // The next one replaces it.
  }
}

/** A call that gets only a descriptor says in its error which file that is. */
export function naming<T>(fd: number, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof Error && "syscall" in error && !("path" in error))
      Object.assign(error, { path: readlinkSync(`/proc/self/fd/${fd}`) });
    throw error;
  }
}
