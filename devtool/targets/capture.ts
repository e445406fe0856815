import { buffer } from "node:stream/consumers";
import type { Connection, ExecOptions, ExitStatus } from "./target.ts";

export interface Captured {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly status: ExitStatus;
}

/**
 * Runs a short program on the target to its end, with `input` as its stdin.
 * @throws Failure when it can't be started, ConnectionLost, or the signal's reason
 */
export async function capture(
  connection: Pick<Connection, "exec">,
  argv: readonly string[],
  options: ExecOptions = {},
  input: string | Buffer = "",
): Promise<Captured> {
  const process = await connection.exec(argv, options);
  process.stdin.end(input);
  const [stdout, stderr, status] = await Promise.all([buffer(process.stdout), buffer(process.stderr), process.exited]);
  return { stdout, stderr, status };
}
