import { Failure } from "../failure.ts";
import { shownName, toText } from "../paths/bytes.ts";
import type { Connection, RemoteProcess } from "../targets/target.ts";
import { receiveFileList } from "./receive/filelist.ts";
import { type Plan, planOf } from "./receive/plan.ts";
import { type Put, receivePlan } from "./receive/receive.ts";
import { select } from "./receive/selection.ts";
import { exitFailure, readRsyncOutput, SYNC_FAILED, waitForExit } from "./rsync-exit.ts";
import { type ServerCommand, startServer } from "./server.ts";
import { Channel, StreamEnded } from "./wire/channel.ts";
import { agree, OFFER } from "./wire/handshake.ts";
import { MESSAGE } from "./wire/multiplex.ts";
import { brokenStream } from "./wire/wire.ts";

export interface PullRequest {
  /** The project: an absolute path on this machine. Nothing outside of `paths` in it is written. */
  readonly root: string;
  /** An absolute path on the target. */
  readonly mirror: string;
  /** The target's rsync, where it is not the one in its PATH. */
  readonly rsync?: string | undefined;
  /** Whether root reads it there: what a program has left that ran as root may be for root alone. */
  readonly asRoot?: boolean;
  /** Files and folders, relative to the project, posix, as bytes; none below another. */
  readonly paths: readonly string[];
  /** Whether what is newer here may be replaced. */
  readonly mayReplace?: boolean;
  /** Only finds out what would be brought. */
  readonly isDryRun?: boolean;
}

export interface PullReport {
  /** Files and links that were brought, or would be: as bytes. */
  readonly brought: readonly string[];
  /** What was left because it is newer here: as bytes. */
  readonly newer: readonly string[];
  /** What was asked for and could not be brought, and why: a sentence each. */
  readonly unbrought: readonly string[];
  /** What of a folder is never brought, a sentence each. */
  readonly notices: readonly string[];
  readonly bytesReceived: number;
  /** The sum of the sizes of the files that were brought. */
  readonly bytesTotal: number;
  readonly milliseconds: number;
}

/**
 * Brings files from the mirror, as `rsync -rlptRu` does; each is then either the old one or the new one, never incomplete.
 * @throws Failure, ConnectionLost, or the signal's reason
 */
export async function pull(connection: Connection, request: PullRequest, signal: AbortSignal): Promise<PullReport> {
  const started = performance.now();
  signal.throwIfAborted();
  const server = startServer(connection, senderCommand(request), request.asRoot);
  // It only reads there, and at SIGTERM it would sleep first.
  const stop = () => server.end("SIGKILL", signal.reason);
  signal.addEventListener("abort", stop);
  try {
    return await pullFrom(await server.process, request, signal, started);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function pullFrom(
  rsync: RemoteProcess,
  request: PullRequest,
  signal: AbortSignal,
  started: number,
): Promise<PullReport> {
  rsync.exited.catch(() => undefined);
  const output = readRsyncOutput(rsync.stderr, false);
  const refused = new Set<number>();
  const channel = new Channel(rsync, (message) => {
    output.receive(message);
    if (message.kind === MESSAGE.noSend) refused.add(message.payload.readInt32LE(0));
    if (message.kind === MESSAGE.errorExit) channel.abandon();
  });
  let failed: unknown;
  try {
    const found = await converse(channel, request, refused);
    const report = { ...found, bytesReceived: channel.bytesReceived, milliseconds: performance.now() - started };
    if (output.errors.length === 0) return report;
    if (request.isDryRun) return { ...report, unbrought: [...found.unbrought, ...output.errors] };
  } catch (error) {
    failed = error;
  } finally {
    channel.abandon();
    if (request.isDryRun || !(failed === undefined || failed instanceof StreamEnded)) rsync.kill("SIGKILL");
  }
  const status = await waitForExit(rsync).finally(() => signal.throwIfAborted());
  if (failed !== undefined && !(failed instanceof StreamEnded)) throw failed;
  const ended = new Failure("rsync on the target ended before it was done", SYNC_FAILED);
  throw exitFailure(status, output, 0) ?? ended;
}

/** The options are those that `rsync -rlptR` passes to its server. */
function senderCommand({ rsync = "rsync", mirror, paths }: PullRequest): ServerCommand {
  const sources = paths.map((path) => `${mirror.replace(/\/+$/, "")}/./${toText(path)}`);
  return { argv: [rsync, "--server", "--sender", `-lRtpr${OFFER}`, ".", ...sources], cwd: undefined };
}

type Found = Omit<PullReport, "bytesReceived" | "milliseconds">;

/** rsync/main.c:client_run, where it is the receiver. */
async function converse(channel: Channel, request: PullRequest, refused: ReadonlySet<number>): Promise<Found> {
  const terms = await agree(channel);
  if (terms.incremental) throw brokenStream("a file list of another kind");
  channel.out.int32(0); // the end of the filter rules
  const { entries } = await receiveFileList(channel);
  const { wanted, unbrought, notices, missing } = select(entries, request.paths);
  if (missing.length > 0) throw notInMirror(missing);
  const plan = planOf(request.root, wanted, request.mayReplace === true);
  const put = request.isDryRun
    ? wouldPut(plan)
    : await receivePlan(channel, terms, { ...request, entries, plan, refused });
  return {
    ...put,
    newer: [...plan.newer, ...put.newer],
    unbrought: [...unbrought, ...plan.unbrought, ...put.unbrought],
    notices,
  };
}

function wouldPut({ links, files }: Plan): Put {
  return {
    brought: [...links, ...files.map(({ entry }) => entry)].map(({ name }) => name),
    bytesTotal: files.reduce((sum, { entry }) => sum + entry.size, 0),
    newer: [],
    unbrought: [],
  };
}

function notInMirror(paths: readonly string[]): Failure {
  return new Failure(`${paths.map(shownName).join(", ")}: not in the mirror`, {
    code: "not-in-mirror",
    remedy: "see what is there: devtool ssh ls",
    exitCode: 2,
  });
}
