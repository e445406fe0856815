import { writeSync } from "node:fs";

/**
 * Prints words on standard error. Not by process.stderr: that makes a pipe nonblocking, for a container's command and for
 * every other program that has the same one. Whoever should read it may be gone, or its disk full; the exit code still says it.
 */
export function say(words: string): void {
  try {
    writeSync(2, words);
  } catch {
    // There is nowhere else to say it.
  }
}
