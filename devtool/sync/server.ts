import { ConnectionLost, Failure } from "../failure.ts";
import type { Connection, RemoteProcess } from "../targets/target.ts";
import { NO_RSYNC, type RsyncOutput, readRsyncOutput } from "./rsync-exit.ts";
import { Channel } from "./wire/channel.ts";
import { agree, OFFER, OFFER_INCREMENTAL, type Terms } from "./wire/handshake.ts";
import { MESSAGE } from "./wire/multiplex.ts";

/** An `rsync --server` on the target. Until it has a file list it opens nothing, so it can be started ahead of its work. */
export interface Server {
  readonly connection: Connection;
  readonly argv: readonly string[];
  /** Rejects with Failure when it can't be started. */
  readonly process: Promise<RemoteProcess>;
  /** See greet(). */
  greeted: Promise<Greeted> | undefined;
  /** It ended, or could not be started. */
  isOver: boolean;
  /** A sync talks to it. */
  isTaken: boolean;
}

/** One that the conversation has begun with. */
export interface Greeted {
  readonly rsync: RemoteProcess;
  readonly output: RsyncOutput;
  readonly channel: Channel;
  /** Rejects with Failure or StreamEnded. */
  readonly terms: Promise<Terms>;
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
  const server: Server = { connection, argv, process, greeted: undefined, isOver: false, isTaken: false };
  const over = () => {
    server.isOver = true;
  };
  process.then(({ exited }) => exited).then(over, over);
  return server;
}

/** Begins the conversation with it, which takes the target a while, unless that was done ahead. */
export async function greet(server: Server): Promise<Greeted> {
  server.greeted ??= server.process.then((rsync) => {
    rsync.exited.catch(() => undefined);
    const output = readRsyncOutput(rsync.stderr);
    const channel: Channel = new Channel(rsync, (message) => {
      output.receive(message);
      if (message.kind === MESSAGE.errorExit) channel.abandon();
    });
    const terms = agree(channel);
    terms.catch(() => undefined); // for whoever takes the server
    return { rsync, output, channel, terms };
  });
  return await server.greeted;
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
