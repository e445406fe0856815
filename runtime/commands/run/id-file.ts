import { closeSync, openSync, unlinkSync, writeSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { errnoText } from "../../host/errno.ts";

/**
 * Calls `work`, which tells the id of the container that it makes: the file has it then, and is removed where there is none, as
 * docker's --cidfile. Throws Failure where there is such a file already: it may be another container's.
 */
export async function withIdFile<T>(
  path: string | undefined,
  work: (tell: (id: string) => void) => Promise<T>,
): Promise<T> {
  if (path === undefined) return work(() => {});
  const fd = orFailure(path, () => openSync(path, "wx", 0o644));
  let isTold = false;
  try {
    return await work((id) => {
      isTold = true;
      orFailure(path, () => writeSync(fd, id));
    });
  } finally {
    closeSync(fd);
    if (!isTold) unlinkSync(path);
  }
}

function orFailure<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { errno = 0, code } = error as NodeJS.ErrnoException;
    const isThere = code === "EEXIST";
    throw new Failure(`can't write the container's id to ${path}: ${errnoText(-errno)}`, {
      code: code === "ENOSPC" ? "no-space" : "usage",
      remedy: isThere
        ? "name another file, or remove it once its container is gone"
        : "name another file with --cidfile",
      cause: error,
    });
  }
}
