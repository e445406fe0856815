import { join } from "node:path";

/** Words that make strace end the process which makes the n-th of these calls, at its start. Its log is in `directory`. */
export function killedAt(directory: string, call: string, n: number): string[] {
  const log = join(directory, "strace");
  return ["strace", "-f", "-qq", "-o", log, "-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${n}`];
}
