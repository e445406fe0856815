import { fstatSync } from "node:fs";
import type { FileState } from "./state.ts";

/** Whether this process's own output goes to this file: to watch it, each round would be the cause of the next. */
export function isOwnOutput({ device, inode }: Pick<FileState, "device" | "inode">): boolean {
  return OUTPUTS.some(({ dev, ino }) => dev === device && ino === inode);
}

const OUTPUTS = [1, 2].flatMap((descriptor) => {
  try {
    const stat = fstatSync(descriptor);
    return stat.isFile() ? [stat] : [];
  } catch {
    return []; // it is closed
  }
});
