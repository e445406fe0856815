import { Failure } from "../failure.ts";
import type { Connection, RemoteProcess } from "../targets/target.ts";
import type { SyncRequest } from "./request.ts";
import { NO_RSYNC, type RsyncOutput, readRsyncOutput } from "./rsync-exit.ts";
import { Channel } from "./wire/channel.ts";
import { agree, OFFER, OFFER_INCREMENTAL, type Terms } from "./wire/handshake.ts";
import { MESSAGE } from "./wire/multiplex.ts";

/** An `rsync --server` on the target. Until it has a file list it opens nothing, so it can be started ahead of its work. */
export interface Server {
  readonly connection: Connection;
  readonly command: ServerCommand;
  /** Rejects with Failure when it can't be started. */
  readonly process: Promise<RemoteProcess>;
  /** See greet(). */
  greeted: Promise<Greeted> | undefined;
  /** It ended, or could not be started. */
  isOver: boolean;
  /** A sync talks to it. */
  isTaken: boolean;
  /** Sends it the signal. Before it has started, gives up the start, and `process` rejects with `reason`. */
  end(signal: NodeJS.Signals, reason: unknown): void;
}

/**
 * How rsync ends its own processes: it removes what it was writing, and ends. At SIGTERM it sleeps for 0.4 s first, and at
 * a second one for as long again.
 */
export const STOP = "SIGUSR1";

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

/** How an rsync --server is started. */
export interface ServerCommand {
  readonly argv: readonly string[];
  /** See ExecOptions.fixedCwd; undefined where rsync itself is to find the mirror, or to make it. */
  readonly cwd: string | undefined;
}

/** The options are those that `rsync -rlpt --delete` passes to its server, with times compared to the nanosecond. */
export function serverCommand(
  { mirror, rsync, mayBeNew, isDryRun }: Pick<SyncRequest, "mirror" | "rsync" | "mayBeNew" | "isDryRun">,
  comparison: Comparison,
): ServerCommand {
  const folder = mirror.replace(/\/+$/, "");
  const cwd = mayBeNew || isDryRun ? undefined : folder;
  const dry = isDryRun ? ["-n"] : [];
  const to = cwd === undefined ? `${folder}/` : "./";
  const argv = [rsync ?? "rsync", "--server", OPTIONS[comparison], ...dry, "--delete-during", "-@-1", ".", to];
  return { argv, cwd };
}

/** It lives until it is ended, or until the connection is closed. */
export function startServer(connection: Connection, command: ServerCommand, asRoot = false): Server {
  const { argv, cwd } = command;
  const fixed = cwd === undefined ? {} : { cwd, fixedCwd: "input" as const };
  const start = new AbortController();
  const { signal } = start;
  const process = connection.exec(argv, { ...fixed, endsByItself: true, signal, asRoot }).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!(error instanceof Failure) || ![126, 127].includes(error.exitCode)) throw error;
    throw new Failure(`rsync can't be started on the target: ${error.message}`, {
      ...NO_RSYNC,
      code: error.code === "command-not-found" ? NO_RSYNC.code : error.code,
      cause: error,
    });
  });
  let started: RemoteProcess | undefined;
  const end = (by: NodeJS.Signals, reason: unknown) => (started ? started.kill(by) : start.abort(reason));
  const server: Server = { connection, command, process, greeted: undefined, isOver: false, isTaken: false, end };
  const over = () => {
    server.isOver = true;
  };
  process
    .then((rsync) => {
      started = rsync;
      return rsync.exited;
    })
    .then(over, over);
  return server;
}

/** Whether an error says that the mirror is not there, or that another folder is in its place since the server was started. */
export function isNotThere(error: Failure): boolean {
  return error.code === "directory-missing";
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
export function takeServer(ahead: Server | undefined, connection: Connection, command: ServerCommand): Server {
  const isSame = ahead?.connection === connection && keyOf(ahead.command) === keyOf(command);
  if (!isSame || ahead.isOver) return startServer(connection, command);
  ahead.isTaken = true;
  return ahead;
}

function keyOf({ argv, cwd }: ServerCommand): string {
  return JSON.stringify([argv, cwd]);
}

/** One that has no work yet leaves nothing behind. */
export function endUnlessTaken({ isTaken, process }: Server): void {
  if (isTaken) return;
  process.then(
    (rsync) => rsync.kill("SIGKILL"),
    () => {},
  );
}
