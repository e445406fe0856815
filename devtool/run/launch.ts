import { setTimeout as delay } from "node:timers/promises";
import type { Connection, ExecOptions, ExitStatus, RemoteProcess, TerminalSize } from "../targets/target.ts";

export interface LaunchRequest {
  readonly argv: readonly string[];
  /** Absolute path on the target, which is not to lead through a link; undefined: the login user's home, which may. */
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly asRoot: boolean;
  /** The terminal that devtool runs in, if the command is to use it. */
  readonly terminal: (TerminalSize & { readonly term: string }) | undefined;
}

/**
 * A started command, whose streams are to be copied; or (`local`) one that run() starts on this process's own terminal.
 */
export type Launched =
  | { readonly kind: "process"; readonly process: RemoteProcess }
  | { readonly kind: "own terminal"; run(): Promise<ExitStatus> };

/** @throws Failure when the command can't be started */
export async function launch(
  connection: Connection,
  { argv, cwd, env, asRoot, terminal }: LaunchRequest,
  signal: AbortSignal,
): Promise<Launched> {
  const options = { ...fixed(cwd), env, asRoot, signal };
  if (!terminal) return { kind: "process", process: await connection.exec(argv, options) };
  const onTerminal = connection.execOnTerminal?.bind(connection);
  if (onTerminal) return { kind: "own terminal", run: () => onTerminal(argv, options) };
  return { kind: "process", process: await connection.exec(argv, { ...options, tty: terminal }) };
}

/** From a program's start until it has begun its work: what is got ready for the next one would take processor time from it. */
const BEGUN_MS = 500;

/** Has the next start of the same got ready, once this one has begun its work or has ended. */
export function prepareNext(
  connection: Connection,
  { argv, cwd, env, asRoot, terminal }: LaunchRequest,
  launched: Launched,
  signal: AbortSignal,
): void {
  if (launched.kind !== "process" || terminal) return;
  const begun = Promise.race([launched.process.exited, delay(BEGUN_MS, undefined, { ref: false })]);
  begun
    .then(() => (signal.aborted ? undefined : connection.prepare?.(argv, { ...fixed(cwd), env, asRoot })))
    .catch(() => {}); // the connection is lost, and the round reports it
}

function fixed(cwd: string | undefined): Pick<ExecOptions, "cwd" | "fixedCwd"> {
  return cwd === undefined ? {} : { cwd, fixedCwd: "start" };
}
