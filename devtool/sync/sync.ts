import { ConnectionLost, Failure } from "../failure.ts";
import type { Connection, RemoteProcess } from "../target/target.ts";
import { Channel, StreamEnded } from "./channel.ts";
import { createHearing, exitFailure, NO_RSYNC, waitForExit } from "./ending.ts";
import { type Entry, encodeFileList, isRegular } from "./filelist.ts";
import type { Filter } from "./filter.ts";
import { agree, OFFER, type Terms } from "./handshake.ts";
import { type Sent, sendFiles } from "./sender.ts";
import { type Listing, listProject, printable } from "./walk.ts";
import { MESSAGE } from "./wire.ts";

export interface SyncRequest {
  /** The project: an absolute path on this machine. */
  readonly root: string;
  /** An absolute path on the target; made if missing. Nothing outside it is written or deleted. */
  readonly mirror: string;
  readonly filter: Filter;
  /** What a watch round is about: paths relative to the project, posix. Without it all is compared, and what isn't here is deleted there. */
  readonly changed?: readonly string[] | undefined;
  /** Which files are executable where the file system doesn't say so (Windows). Gets the relative posix path. */
  readonly executable?: ((path: string) => boolean) | undefined;
}

export interface SyncReport {
  readonly mirror: string;
  /** Regular files whose content was sent, whole or in part. */
  readonly files: number;
  /** Files, directories and symlinks deleted from the mirror. */
  readonly deleted: number;
  /** Bytes written to rsync on the target. */
  readonly bytesSent: number;
  /** Sum of the sizes of the regular files in the list. */
  readonly bytesTotal: number;
  readonly milliseconds: number;
  /** What was skipped and needn't worry anybody, a sentence each. */
  readonly notices: readonly string[];
}

/**
 * Makes the mirror on the target what the project is here, as `rsync -rlpt --delete` does.
 * Throws Failure, ConnectionLost, or the signal's reason; the mirror then holds old or new files, never a half one.
 */
export async function sync(connection: Connection, request: SyncRequest, signal: AbortSignal): Promise<SyncReport> {
  const started = performance.now();
  refuseDangerousMirror(request.mirror);
  const listing = listProject(request, request.changed, signal);
  listing.catch(() => undefined);
  const nothing = { sent: undefined, deleted: 0, bytesSent: 0 };
  const isWatchRound = request.changed !== undefined;
  // A full round reads the project while rsync starts; a watch round is read at once and may turn out to be nothing.
  const isNothing = isWatchRound && (await listing).entries.length === 0;
  const { sent, deleted, bytesSent } = isNothing ? nothing : await runRound(connection, { request, listing, signal });
  const { entries, unreadable, notices } = await listing;
  refuseUnreadable([...unreadable, ...(sent?.unreadable ?? [])]);
  return {
    mirror: request.mirror,
    files: sent?.files.size ?? 0,
    deleted,
    bytesSent,
    bytesTotal: entries.reduce((sum, entry) => sum + (isRegular(entry) ? entry.size : 0), 0),
    milliseconds: performance.now() - started,
    notices: [...notices, ...(sent === undefined ? [] : noticesOf(sent, entries))],
  };
}

interface Round {
  readonly request: SyncRequest;
  readonly listing: Promise<Listing>;
  readonly signal: AbortSignal;
}

interface RoundResult {
  readonly sent: Sent;
  readonly deleted: number;
  readonly bytesSent: number;
}

function refuseDangerousMirror(mirror: string): void {
  const parts = mirror.split("/").filter((part) => part !== "" && part !== ".");
  if (mirror.startsWith("/") && parts.length >= 2 && !parts.includes("..") && !mirror.includes("\0")) return;
  throw new Failure(`${JSON.stringify(mirror)} can't be a mirror: what isn't in the project is deleted from it`, {
    remedy: "name an absolute path of at least two directories, such as /home/me/project",
    exitCode: 2,
  });
}

function refuseUnreadable(unreadable: readonly string[]): void {
  if (unreadable.length === 0) return;
  throw new Failure(
    `${unreadable.length} of the project's files can't be read:\n  ${unreadable.slice(0, 20).join("\n  ")}`,
    {
      remedy: "make them readable, or list them under `sync.exclude` in devtool.config.ts",
    },
  );
}

function noticesOf(sent: Sent, entries: readonly Entry[]): string[] {
  const unsettled = [...sent.unsettled].map((index) => printable(entries[index]?.path ?? ""));
  return [...sent.vanished, ...unsettled.map((path) => `${path} kept changing while it was read; skipped`)];
}

/** rsync makes the mirror's last directory itself; `mkdir` only runs when more than that is missing. */
async function runRound(connection: Connection, round: Round): Promise<RoundResult> {
  const first = await converse(connection, round);
  if (!("unusable" in first)) return first;
  const argv = ["mkdir", "-p", "--", round.request.mirror];
  const mkdir = await connection.exec(argv, { signal: round.signal });
  mkdir.stdin.end();
  mkdir.stdout.resume();
  mkdir.stderr.resume();
  if ((await mkdir.exited).code !== 0) throw first.unusable;
  const second = await converse(connection, round);
  if ("unusable" in second) throw second.unusable;
  return second;
}

/** `unusable`: rsync found no mirror to work in, and has done nothing. */
type Conversation = RoundResult | { readonly unusable: Failure };
const PATH_EXIT_CODES = [3, 11];

async function converse(connection: Connection, { request, listing, signal }: Round): Promise<Conversation> {
  const rsync = await startRsync(connection, request, signal);
  rsync.exited.catch(() => undefined);
  const hearing = createHearing(rsync.stderr);
  const channel = new Channel(rsync, (message) => {
    hearing.hear(message);
    if (message.kind === MESSAGE.errorExit) channel.abandon();
  });
  const sent: Sent = { files: new Set(), unsettled: new Set(), unreadable: [], vanished: [] };
  let trouble: unknown;
  try {
    const terms = await agree(channel);
    const { entries, unreadable } = await listing;
    sendRules(channel, request.filter);
    sendFileList(channel, entries, unreadable.length > 0, terms);
    await sendFiles(channel, { root: request.root, entries }, terms, sent);
    channel.end();
    // All is in place now; rsync takes 20 ms more to wait for its own processes, which only a complaint is worth.
    if (hearing.complaints.length === 0) return { sent, deleted: hearing.deleted, bytesSent: channel.bytesSent };
  } catch (error) {
    trouble = error;
    channel.abandon();
    if (!(error instanceof StreamEnded)) rsync.kill("SIGTERM");
  }
  const status = await waitForExit(rsync).finally(() => signal.throwIfAborted());
  if (trouble !== undefined && !(trouble instanceof StreamEnded)) throw trouble;
  const failure = exitFailure(status, hearing, sent.unsettled.size);
  const didNothing = sent.files.size === 0 && hearing.deleted === 0;
  if (failure !== undefined && didNothing && PATH_EXIT_CODES.includes(status.code ?? 0)) return { unusable: failure };
  if (failure !== undefined) throw failure;
  if (trouble !== undefined) throw new Failure("rsync on the target ended before it was done");
  return { sent, deleted: hearing.deleted, bytesSent: channel.bytesSent };
}

/** The options are those `rsync -rlpt --delete` gives its server, with times compared to the nanosecond. */
async function startRsync(connection: Connection, request: SyncRequest, signal: AbortSignal): Promise<RemoteProcess> {
  const letters = request.changed === undefined ? "ltpr" : "ltprI";
  const argv = ["rsync", "--server", `-${letters}${OFFER}`, "--delete-during", "-@-1"];
  if (request.changed !== undefined) argv.push("--delete-missing-args");
  try {
    return await connection.exec([...argv, ".", `${request.mirror.replace(/\/+$/, "")}/`], { signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ConnectionLost || !(error instanceof Failure)) throw error;
    throw new Failure(`rsync can't be started on the target: ${error.message}`, { ...NO_RSYNC, cause: error });
  }
}

/** rsync/exclude.c:send_filter_list. */
function sendRules({ out }: Channel, filter: Filter): void {
  for (const rule of filter.rules) {
    out.int32(rule.length);
    out.latin1(rule);
  }
  out.int32(0);
}

function sendFileList(channel: Channel, entries: readonly Entry[], isIncomplete: boolean, terms: Terms): void {
  channel.out.bytes(encodeFileList(entries, terms.protocol, isIncomplete && terms.safeFileList));
  if (isIncomplete && !terms.safeFileList) channel.message(MESSAGE.ioError, 1);
}
