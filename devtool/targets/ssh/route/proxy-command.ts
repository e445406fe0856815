import { spawn } from "node:child_process";
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
  // Ctrl-C on this terminal is for devtool alone, which then ends the command.
  const line = process.platform === "win32" ? command : `trap '' INT; exec ${command}`;
  const child = spawn(line, { shell: true, stdio: ["pipe", "pipe", "pipe"] });
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
