import type { Shim } from "./shim.ts";

/** An extended attribute: `security.capability`, `user.NAME` …; the name as byte string. */
export interface Attribute {
  readonly name: string;
  readonly value: Uint8Array;
}

/** XATTR_SIZE_MAX and XATTR_LIST_MAX of linux/limits.h. */
const room = Buffer.alloc(65_536);

/** Those of a file, or of a symlink itself; none where the file system has none. */
export function readAttributes(shim: Shim, path: Buffer): Attribute[] {
  const file = terminated(path);
  const length = shim.listAttributes(file, room);
  if (length <= 0) return [];
  const names = room.toString("latin1", 0, length).split("\0").filter(Boolean);
  return names.flatMap((name) => {
    const size = shim.getAttribute(file, terminated(Buffer.from(name, "latin1")), room);
    return size < 0 ? [] : [{ name, value: Buffer.from(room.subarray(0, size)) }];
  });
}

/** Returns 0, or -errno. */
export function setAttribute(shim: Shim, path: Buffer, { name, value }: Attribute): number {
  return shim.setAttribute(terminated(path), terminated(Buffer.from(name, "latin1")), value);
}

function terminated(text: Buffer): Buffer {
  return Buffer.concat([text, Buffer.alloc(1)]);
}
