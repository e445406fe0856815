import { readdirSync, readlinkSync } from "node:fs";

/** What this process holds open: each descriptor with its file, but for the directory that lists them. */
export function descriptors(): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`];
    } catch {
      return [];
    }
  });
}
