import type { Duplex, Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { ChildStream } from "../transport/child-stream.ts";
import type { SshChannel, SshSession, SshTerminal } from "../transport/transport.ts";
import { type Ssh, spawnSession } from "./spawn.ts";

/** ssh's own exit code for an error, such as a lost connection; a command's may be the same. */
const SSH_ERROR = 255;
/** A lost connection ends every ssh, and whose end is seen first is chance. */
const LOSS_MS = 500;

/**
 * A command on an ssh of its own, which shares the connection. `lost` settles when that is lost. A signal that ended the
 * command is reported as SSH_ERROR, since ssh does not tell it.
 */
export function openSession(
  args: readonly string[],
  command: string,
  terminal: SshTerminal | undefined,
  lost: Promise<unknown>,
): SshSession {
  // Its stdin is no terminal whose size and modes it could pass on.
  const line = terminal ? `stty sane rows ${terminal.rows} cols ${terminal.columns}; ${command}` : command;
  const child = spawnSession([...args, line], terminal ? { TERM: terminal.term } : {});
  let code: number | null = null;
  child.on("exit", (exitCode) => {
    code = exitCode;
  });
  const channel = new SessionChannel(child);
  void channel.exited.then(async () => {
    if (code === SSH_ERROR) await Promise.race([lost, delay(LOSS_MS)]);
    channel.push(null);
  });
  return { channel, ended: () => (code === null ? undefined : { code, signal: undefined }) };
}

/** What ssh's stdin and stdout are connected to. */
export function openForward(args: readonly string[]): Duplex {
  const child = spawnSession(args);
  child.stderr.resume();
  const stream = new ChildStream(child);
  void stream.exited.then(() => stream.push(null));
  return stream;
}

class SessionChannel extends ChildStream implements SshChannel {
  readonly stderr: Readable;

  constructor(child: Ssh) {
    super(child);
    this.stderr = child.stderr;
    this.once("end", () => this.destroy());
  }

  /** ssh has no way to send one. */
  signal(): void {}

  close(): void {
    this.destroy();
  }
}
