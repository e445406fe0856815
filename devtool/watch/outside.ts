import { type Stats, unwatchFile, watchFile } from "node:fs";
import { sep } from "node:path";
import { realPathOf } from "../paths/stats.ts";

/** The folder of such a file may hold anything, so that is not listened to. */
const LOOK_MS = 1_000;

/**
 * Calls `onChange` at each change of those of the files that are outside of `root`, or are reached through links: who watches
 * the folders in it is not told of them. Paths are absolute. Returns what ends that.
 */
export function watchOutside(root: string, files: readonly string[], onChange: () => void): () => void {
  const outside = files.filter((file) => !file.startsWith(root + sep) || (realPathOf(file) ?? file) !== file);
  const listener = (now: Stats, before: Stats) => {
    // The times of a named pipe are those of its writers and readers.
    if (now.ino !== before.ino || (now.ctimeMs !== before.ctimeMs && !now.isFIFO())) onChange();
  };
  for (const file of outside) watchFile(file, { interval: LOOK_MS, persistent: false }, listener);
  return () => {
    for (const file of outside) unwatchFile(file, listener);
  };
}
