import { fstatSync, readSync } from "node:fs";
import type { Shim } from "../host/shim.ts";

/** The rest of a larger file is ignored: /etc/passwd, /etc/hosts and others are small. */
const BYTES_MAX = 1 << 20;

/** Empty if there is no such file. No symlink leads out of the root; it may have anything there, such as a FIFO. */
export function readInside(shim: Shim, root: string, path: string): string {
  const fd = shim.openInside(root, path);
  if (fd < 0) return "";
  try {
    if (!fstatSync(fd).isFile()) return "";
    const bytes = Buffer.alloc(Math.min(fstatSync(fd).size, BYTES_MAX));
    return bytes.toString("utf8", 0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    shim.close(fd);
  }
}
