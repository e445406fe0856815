import { Failure } from "../failure.ts";
import { errnoText } from "../host/errno.ts";
import type { Shim } from "../host/shim.ts";
import { ERRNO } from "../linux.ts";
import { isOneOf, isRecordOf, isText, type Shape } from "../shape.ts";

/** A directory of the host with everything below it. */
export interface Directory {
  readonly kind: "directory";
  readonly path: string;
}

export const isDirectory: Shape<Directory> = isRecordOf({ kind: isOneOf("directory"), path: isText });

export function directory(path: string): Directory {
  return { kind: "directory", path };
}

export async function removeDirectory(shim: Shim, { path }: Directory): Promise<void> {
  const result = await shim.remove(path);
  if (result < 0)
    throw new Failure(`can't remove ${path}: ${errnoText(-result)}`, {
      code: "cleanup-failed",
      remedy: remedyFor(-result, path),
    });
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
