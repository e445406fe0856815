import type { CompileReport } from "../build/compile.ts";
import type { Connection, ExitStatus, RemoteProcess, TerminalSize } from "../targets/target.ts";

export interface LaunchRequest {
  readonly argv: readonly string[];
  /** Working directory on the target. */
  readonly mirror: string;
  /** The terminal devtool runs in, if the command is to have it. */
  readonly asRoot: boolean;
  readonly terminal: (TerminalSize & { readonly term: string }) | undefined;
}

/** A command on its way: its streams are here to be carried, or it has this process's own terminal (`local`). */
export type Launched =
  | { readonly kind: "process"; readonly process: RemoteProcess }
  | { readonly kind: "own terminal"; run(): Promise<ExitStatus> };

/** Starts the command in the mirror. Takes the compile stage's word that there is something to start. */
export async function launch(
  connection: Connection,
  _compiled: CompileReport | undefined,
  { argv, mirror, asRoot, terminal }: LaunchRequest,
  signal: AbortSignal,
): Promise<Launched> {
  const options = { cwd: mirror, asRoot, signal };
  if (!terminal) return { kind: "process", process: await connection.exec(argv, options) };
  const onTerminal = connection.execOnTerminal?.bind(connection);
  if (onTerminal) return { kind: "own terminal", run: () => onTerminal(argv, options) };
  return { kind: "process", process: await connection.exec(argv, { ...options, tty: terminal }) };
}
