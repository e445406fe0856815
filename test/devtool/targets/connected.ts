import assert from "node:assert/strict";
import { buffer } from "node:stream/consumers";
import { Failure } from "../../../devtool/failure.ts";
import { type SshTargetOptions, sshTarget } from "../../../devtool/targets/ssh/target.ts";
import type { Connection, ExitStatus, RemoteProcess, Target } from "../../../devtool/targets/target.ts";
import type { Sshd } from "../../rig/sshd.ts";

interface Scope {
  after(cleanup: () => Promise<void>): void;
}

export function targetOn(sshd: Sshd, options: Partial<SshTargetOptions> = {}): Target {
  const { configFile } = sshd;
  return sshTarget("rig", sshd.host, {
    acceptNewHostKey: false,
    configFile,
    sudo: undefined,
    notice: () => {},
    ...options,
  });
}

/** The connection is closed after the test. */
export async function connectTo(scope: Scope, target: Target): Promise<Connection> {
  const connection = await target.connect(AbortSignal.timeout(30_000));
  scope.after(() => connection.close());
  return connection;
}

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: ExitStatus;
}

/** The whole output of a process, and how it ended. */
export async function outcome(process: RemoteProcess | Promise<RemoteProcess>, input?: string): Promise<Outcome> {
  const { stdin, stdout, stderr, exited } = await process;
  if (input !== undefined) stdin.end(input);
  const [out, err, status] = await Promise.all([buffer(stdout), buffer(stderr), exited]);
  return { stdout: out.toString("latin1"), stderr: err.toString("latin1"), status };
}

/** The first line of a process's output. */
export async function firstLine(process: RemoteProcess): Promise<string> {
  let text = "";
  for await (const chunk of process.stdout.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}

/** Why no connection can be made. */
export async function refusal(sshd: Sshd): Promise<Failure> {
  const error = await targetOn(sshd)
    .connect(AbortSignal.timeout(30_000))
    .then(
      () => new assert.AssertionError({ message: "the connection was made" }),
      (reason: unknown) => reason,
    );
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.exitCode, 2);
  return error;
}
