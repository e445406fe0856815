import { closeSync, fsyncSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";

/**
 * Gives a file its new content as a whole or not at all: `open` opens `unfinished`, which then takes the place of `path`.
 * `lasting`: also when the machine loses power.
 */
export function replaceFile(
  path: string,
  unfinished: string,
  open: (path: string) => number,
  { content, lasting }: { readonly content: string; readonly lasting: boolean },
): void {
  try {
    const fd = open(unfinished);
    try {
      naming(fd, () => writeFileSync(fd, content));
      if (lasting) naming(fd, () => fsyncSync(fd));
    } finally {
      closeSync(fd);
    }
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
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
