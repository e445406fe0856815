import { fstatSync, readSync } from "node:fs";
import type { Shim } from "../../host/shim.ts";

const BYTES_MAX = 1 << 20;

/** Empty if there is no such file. No symlink leads out of the root; it may have anything there, such as a FIFO. */
export function readInside(shim: Shim, root: string, path: string): string {
  const fd = shim.openInside(root, path);
  return fd < 0 ? "" : textOf(shim, fd);
}

/** Closes it. Empty if it is no regular file; the rest of a larger one is ignored: /etc/passwd, /etc/hosts and others are small. */
export function textOf(shim: Shim, fd: number): string {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) return "";
    const bytes = Buffer.alloc(Math.min(stats.size, BYTES_MAX));
    return bytes.toString("utf8", 0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    shim.close(fd);
  }
}
