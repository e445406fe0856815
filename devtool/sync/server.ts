import { ConnectionLost, Failure } from "../failure.ts";
import type { Connection, RemoteProcess } from "../targets/target.ts";
import { NO_RSYNC } from "./rsync-exit.ts";
import { OFFER, OFFER_INCREMENTAL } from "./wire/handshake.ts";

/** An `rsync --server` on the target. Until the handshake it opens nothing, so it can be started ahead of its work. */
export interface Server {
  readonly connection: Connection;
  readonly argv: readonly string[];
  /** Rejects with Failure when it can't be started. */
  readonly process: Promise<RemoteProcess>;
  /** It ended, or could not be started. */
  isOver: boolean;
  /** A sync talks to it. */
  isTaken: boolean;
}

/**
 * How the receiver finds out what it lacks: by size and time of each file in a list per directory or in one list, or by
 * content (-I), which sees a file that was saved twice within its file system's clock tick.
 */
export type Comparison = "each directory" | "times" | "content";

const OPTIONS: Readonly<Record<Comparison, string>> = {
  "each directory": `-ltpr${OFFER_INCREMENTAL}`,
  times: `-ltpr${OFFER}`,
  content: `-ltprI${OFFER}`,
};

/** The options are those that `rsync -rlpt --delete` passes to its server, with times compared to the nanosecond. */
export function serverArgv(
  mirror: string,
  comparison: Comparison,
  program = "rsync",
  isDryRun = false,
): readonly string[] {
  const dry = isDryRun ? ["-n"] : [];
  return [
    program,
    "--server",
    OPTIONS[comparison],
    ...dry,
    "--delete-during",
    "-@-1",
    ".",
    `${mirror.replace(/\/+$/, "")}/`,
  ];
}

/** Aborting ends it; without a signal it lives until `endUnlessTaken`, or until the connection is closed. */
export function startServer(connection: Connection, argv: readonly string[], signal?: AbortSignal): Server {
  const options = signal ? { signal } : {};
  const process = connection.exec(argv, options).catch((error: unknown) => {
    signal?.throwIfAborted();
    if (error instanceof ConnectionLost || !(error instanceof Failure)) throw error;
    throw new Failure(`rsync can't be started on the target: ${error.message}`, {
      ...NO_RSYNC,
      code: error.code === "command-not-found" ? NO_RSYNC.code : error.code,
      cause: error,
    });
  });
  const server: Server = { connection, argv, process, isOver: false, isTaken: false };
  const over = () => {
    server.isOver = true;
  };
  process.then(({ exited }) => exited).then(over, over);
  return server;
}

/** Takes `ahead` if it does the same and still runs, else starts a server. */
export function takeServer(
  ahead: Server | undefined,
  connection: Connection,
  argv: readonly string[],
  signal: AbortSignal,
): Server {
  const isSame = ahead?.connection === connection && ahead.argv.join("\0") === argv.join("\0");
  if (!isSame || ahead.isOver) return startServer(connection, argv, signal);
  ahead.isTaken = true;
  signal.addEventListener("abort", () => terminate(ahead), { once: true });
  return ahead;
}

export function endUnlessTaken(server: Server): void {
  if (!server.isTaken) terminate(server);
}

function terminate({ process }: Server): void {
  process.then(
    (rsync) => rsync.kill("SIGTERM"),
    () => {},
  );
}
