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

/** Aborting ends it; without a signal it lives until `endUnlessTaken`, or until the connection is closed. */
export function startServer(
  connection: Connection,
  command: ServerCommand,
  signal?: AbortSignal,
  asRoot = false,
): Server {
  const { argv, cwd } = command;
  const fixed = cwd === undefined ? {} : { cwd, fixedCwd: "input" as const };
  const options = { ...fixed, ...(signal ? { signal } : {}), asRoot };
  const process = connection.exec(argv, options).catch((error: unknown) => {
    signal?.throwIfAborted();
    if (!(error instanceof Failure) || ![126, 127].includes(error.exitCode)) throw error;
    throw new Failure(`rsync can't be started on the target: ${error.message}`, {
      ...NO_RSYNC,
      code: error.code === "command-not-found" ? NO_RSYNC.code : error.code,
      cause: error,
    });
  });
  const server: Server = { connection, command, process, greeted: undefined, isOver: false, isTaken: false };
  const over = () => {
    server.isOver = true;
  };
  process.then(({ exited }) => exited).then(over, over);
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
export function takeServer(
  ahead: Server | undefined,
  connection: Connection,
  command: ServerCommand,
  signal: AbortSignal,
): Server {
  const isSame = ahead?.connection === connection && keyOf(ahead.command) === keyOf(command);
  if (!isSame || ahead.isOver) return startServer(connection, command, signal);
  ahead.isTaken = true;
  signal.addEventListener("abort", () => kill(ahead, "SIGTERM"), { once: true });
  return ahead;
}

function keyOf({ argv, cwd }: ServerCommand): string {
  return JSON.stringify([argv, cwd]);
}

/** One that has no work yet leaves nothing behind. At SIGTERM, rsync sleeps for most of a second before it ends. */
export function endUnlessTaken(server: Server): void {
  if (!server.isTaken) kill(server, "SIGKILL");
}

function kill({ process }: Server, signal: NodeJS.Signals): void {
  process.then(
    (rsync) => rsync.kill(signal),
    () => {},
  );
}
