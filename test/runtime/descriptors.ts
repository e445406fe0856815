import { readdirSync, readlinkSync } from "node:fs";

/** The open descriptors of this process, each with its file, except that of the directory that lists them. */
export function descriptors(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`];
    } catch {
      return [];
    }
  });
}
