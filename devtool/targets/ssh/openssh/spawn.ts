import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

export type Ssh = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts ssh for a command on the host. It asks on the terminal itself. Ctrl-C there is for devtool alone, which then
 * ends what it runs over the connection.
 */
export function spawnSession(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ssh {
  return spawnFor('exec ssh "$@"', args, env);
}

/** ssh is told to end when its stdin does, thus also when devtool is killed: without a command it reads none. */
const ENDS_WITH_STDIN = `command -v ssh >/dev/null || exit 127
exec 3<&0
ssh -N "$@" </dev/null 3<&- & ssh=$!
{ cat <&3; kill $ssh; } >/dev/null 2>&1 & watcher=$!
wait $ssh; code=$?
kill $watcher
exit $code`;

/** Starts the ssh that holds the connection, until its stdin ends. */
export function spawnMaster(args: readonly string[]): Ssh {
  // Windows has no such shell; there the command on the host reads stdin.
  return spawnFor(ENDS_WITH_STDIN, process.platform === "win32" ? [...args, "cat"] : args, {});
}

function spawnFor(script: string, args: readonly string[], env: Readonly<Record<string, string>>): Ssh {
  const argv = process.platform === "win32" ? ["ssh"] : ["/bin/sh", "-c", `trap '' INT; ${script}`, "sh"];
  const [file = "", ...rest] = [...argv, ...args];
  const child = spawn(file, rest, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {}); // its exit follows
  return child;
}
