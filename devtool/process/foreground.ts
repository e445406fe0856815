import { readFileSync } from "node:fs";
import { promisify } from "node:util";

/**
 * Whether this process may use its terminal: the system stops a background process that changes the terminal's mode.
 * Resolves to false where that can't be told.
 */
export async function isInForeground(): Promise<boolean> {
  if (process.platform === "win32") return true;
  if (process.platform === "linux") return ownsTerminal(groupsInStat(readFileSync("/proc/self/stat", "latin1")));
  const { execFile } = await import("node:child_process");
  const ps = promisify(execFile)("ps", ["-o", "pgid=,tpgid=", "-p", String(process.pid)]);
  return await ps.then(
    ({ stdout }) => ownsTerminal(stdout.trim().split(/\s+/)),
    () => false,
  );
}

/** proc_pid_stat(5): the process group and the terminal's foreground process group. The command may contain blanks. */
export function groupsInStat(stat: string): string[] {
  const [, , group = "", , , foreground = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return [group, foreground];
}

function ownsTerminal([group, foreground]: readonly string[]): boolean {
  return group !== undefined && group === foreground;
}
