import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { Failure } from "../../../failure.ts";
import { eachLine } from "../../../process/lines.ts";
import { ChildStream } from "../transport/child-stream.ts";
import type { Carriage } from "../transport/transport.ts";

/**
 * Runs a ProxyCommand, whose stdin and stdout carry the connection. Its messages, such as where to log in, are notices
 * until the connection is made.
 */
export function startProxyCommand(
  command: string,
  where: string,
  notice: (text: string) => void,
): Carriage & { connected(): void } {
  const child = spawnInShell(command);
  let [last, tell] = ["", notice];
  const errors = eachLine(child.stderr, (text) => {
    last = text.trim() || last;
    if (text.trim()) tell(`${where}: ${text.trim()}`);
  });
  const channel = new ChildStream(child);
  const closed = channel.exited.then(async (how) => {
    await errors;
    return new Failure(`the ProxyCommand of ${where} ${how}${last && `: ${last}`}`, {
      code: "target-unreachable",
      remedy: `run it by hand: ${command}`,
      exitCode: 2,
    });
  });
  void closed.then(() => channel.push(null));
  const connected = () => {
    tell = () => {};
  };
  return { channel, closed, connected };
}

/** As ssh does, in the user's own shell. Ctrl-C on this terminal is for devtool alone, which then ends the command. */
function spawnInShell(command: string): ChildProcessByStdio<Writable, Readable, Readable> {
  const stdio: ["pipe", "pipe", "pipe"] = ["pipe", "pipe", "pipe"];
  if (process.platform === "win32") return spawn(command, { shell: true, stdio });
  const shell = process.env["SHELL"] || "/bin/sh";
  return spawn("/bin/sh", ["-c", `trap '' INT; exec "$0" -c "$1"`, shell, `exec ${command}`], { stdio });
}
