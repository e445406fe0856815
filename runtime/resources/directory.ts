import { lstatSync } from "node:fs";
import { Failure } from "../failure.ts";
import { errnoText, isNowhere } from "../host/errno.ts";
import type { Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";
import { isOneOf, isRecordOf, type Shape } from "../shape.ts";
import { hasOthers } from "../state/lock.ts";
import { removeAsRootOfMapped } from "./mapped.ts";

/** The container's directories below the state directory. */
export type Directories = Readonly<Record<Directory["which"], string>>;

/**
 * One of the container's directories with everything below it. It is stored without its path: a state directory that was
 * copied or moved must not make anything else be removed.
 */
export interface Directory {
  readonly kind: "directory";
  readonly which: "upper" | "work" | "monitor";
}

export const isDirectory: Shape<Directory> = isRecordOf({
  kind: isOneOf("directory"),
  which: isOneOf("upper", "work", "monitor"),
});

export function directory(which: Directory["which"]): Directory {
  return { kind: "directory", which };
}

export async function removeDirectory(shim: Shim, places: Directories, { which }: Directory): Promise<void> {
  const path = places[which];
  const result = await shim.remove(path, hasOthers());
  if (result === -ERRNO.ENOTDIR && !isThere(path)) return;
  if (isForbidden(-result) && (await removeAsRootOfMapped(shim, path))) return;
  if (result < 0)
    throw new Failure(`can't remove ${path}: ${errnoText(-result)}`, {
      code: "cleanup-failed",
      remedy: remedyFor(-result, path),
    });
}

/** Not where a file is in the place of a directory above it. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (isNowhere(error)) return false;
    throw error;
  }
}

function isForbidden(errno: number): boolean {
  return errno === ERRNO.EACCES || errno === ERRNO.EPERM;
}

function remedyFor(errno: number, path: string): string {
  switch (errno) {
    case ERRNO.EBUSY:
      return `unmount what is mounted at or below it: findmnt -o TARGET | grep ${path}`;
    case ERRNO.EPERM:
      return `look for a file that is immutable: lsattr -R ${path}`;
    default:
      return "remove it by hand";
  }
}
