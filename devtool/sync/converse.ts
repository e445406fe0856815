import { Failure } from "../failure.ts";
import type { Connection } from "../targets/target.ts";
import { receiverRules } from "./filter/receiver-rules.ts";
import type { SyncProgress, SyncRequest } from "./request.ts";
import { exitFailure, SYNC_FAILED, waitForExit } from "./rsync-exit.ts";
import { sendListsByDirectory, sendRules, sendWholeList } from "./send/lists.ts";
import { answerAll, type Sent, startConversation } from "./send/sender.ts";
import { type DirectoryListing, type Listing, listProject, walkProject } from "./send/walk.ts";
import {
  type Comparison,
  type Greeted,
  greet,
  isNotThere,
  type Server,
  STOP,
  serverCommand,
  takeServer,
} from "./server.ts";
import { StreamEnded } from "./wire/channel.ts";
import { type Entry, isRegular } from "./wire/entry.ts";
import { brokenStream } from "./wire/wire.ts";

/** What a conversation, or several, did. */
export interface Round {
  readonly listing: Listing;
  readonly sent: Sent;
  readonly deleted: readonly string[];
  readonly undeleted: readonly string[];
  readonly bytesSent: number;
}

/** `unusable`: rsync could not use the mirror's path, and has changed nothing. */
export type Outcome = Round | { readonly unusable: Failure };
const PATH_EXIT_CODES = [3, 11];

/** Sends what `source` has. */
export async function converse(
  connection: Connection,
  request: SyncRequest,
  source: Source,
  signal: AbortSignal,
  ahead: Server | undefined,
): Promise<Outcome> {
  if (source.kind === "list" && source.listing.entries.length === 0) {
    return { listing: source.listing, sent: nothingSent(), deleted: [], undeleted: [], bytesSent: 0 };
  }
  signal.throwIfAborted();
  const rules = receiverRules(connection, request, signal);
  rules.catch(() => undefined);
  const server = takeServer(ahead, connection, serverCommand(request, comparisonOf(request, source)));
  const stop = () => server.end(STOP, signal.reason);
  signal.addEventListener("abort", stop);
  try {
    return await converseWith(server, request, source, rules, signal);
  } finally {
    // One that is done ends by itself within 20 ms.
    signal.removeEventListener("abort", stop);
  }
}

async function converseWith(
  server: Server,
  request: SyncRequest,
  source: Source,
  rules: Promise<readonly string[]>,
  signal: AbortSignal,
): Promise<Outcome> {
  const sent = nothingSent();
  source.readAhead?.();
  const greeted = await greet(server).catch(unlessNotThere);
  if ("unusable" in greeted) return greeted;
  const { rsync, output, channel } = greeted;
  const done = () => ({
    listing: source.listing,
    sent,
    deleted: output.deleted,
    undeleted: output.undeleted,
    bytesSent: channel.bytesSent,
  });
  let failed: unknown;
  const progress = () => {
    request.onProgress?.(progressOf(source.listing, sent, channel.bytesSent));
    request.onSent?.(pathsSent(source.listing, sent));
  };
  const ticks = setInterval(progress, PROGRESS_MS);
  try {
    await sendProject(greeted, request, source, await rules, sent);
    channel.end();
    // The mirror is complete. rsync now waits 20 ms for its own processes; waiting for its exit is needed only after an
    // error.
    if (output.errors.length === 0) return done();
  } catch (error) {
    failed = error;
    channel.abandon();
    if (!(error instanceof StreamEnded)) rsync.kill(STOP);
  } finally {
    clearInterval(ticks);
  }
  request.onSent?.(pathsSent(source.listing, sent));
  const exited = await waitForExit(rsync)
    .finally(() => signal.throwIfAborted())
    .catch(unlessNotThere);
  if ("unusable" in exited) return exited;
  if (failed !== undefined && !(failed instanceof StreamEnded)) throw failed;
  const failure = exitFailure(exited, output, sent.unsettled.size);
  const didNothing = sent.files.size === 0 && output.deleted.length === 0;
  if (failure !== undefined && didNothing && PATH_EXIT_CODES.includes(exited.code ?? 0)) return { unusable: failure };
  if (failure !== undefined) throw failure;
  if (failed !== undefined) throw new Failure("rsync on the target ended before it was done", SYNC_FAILED);
  return done();
}

function unlessNotThere(error: unknown): { readonly unusable: Failure } {
  if (error instanceof Failure && isNotThere(error)) return { unusable: error };
  throw error;
}

function nothingSent(): Sent {
  const [files, symlinks, directories, unsettled] = [
    new Set<number>(),
    new Set<number>(),
    new Set<number>(),
    new Set<number>(),
  ];
  return { files, symlinks, directories, unsettled, unreadable: [], vanished: [] };
}

const PROGRESS_MS = 1_000;

function progressOf({ entries }: Listing, { files }: Sent, bytes: number): SyncProgress {
  const regular = entries.filter(isRegular);
  return { files: files.size, filesTotal: regular.length, bytes, bytesTotal: sizeOf(regular) };
}

function pathsSent({ entries }: Listing, { files, symlinks, directories }: Sent): string[] {
  const name = (index: number) => entries[index]?.name ?? "";
  return [...[...directories].map((index) => `${name(index)}/`), ...[...files, ...symlinks].map(name)];
}

export function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0);
}

/** A watch round is read at once and may turn out empty; a full round is read while rsync starts and works. */
export type Source =
  | { readonly kind: "list"; readonly listing: Listing; readonly readAhead?: undefined }
  | {
      readonly kind: "lists";
      readonly listing: Listing;
      readonly turns: AsyncIterable<DirectoryListing[]>;
      /** Starts to read the first turn before it is asked for. */
      readonly readAhead: () => void;
    };

export async function openSource(request: SyncRequest, signal: AbortSignal): Promise<Source> {
  if (request.changed !== undefined || request.filter.hasPassages) {
    return { kind: "list", listing: await listProject(request, request.changed, signal) };
  }
  const { listing, turns } = walkProject(request, signal);
  let first: Promise<IteratorResult<DirectoryListing[], void>> | undefined;
  const readAhead = () => {
    first = turns.next();
    first.catch(() => undefined);
  };
  return { kind: "lists", listing, turns: resume(() => first, turns), readAhead };
}

async function* resume<T>(
  first: () => Promise<IteratorResult<T, void>> | undefined,
  rest: AsyncGenerator<T, void>,
): AsyncGenerator<T, void> {
  for (let next = await (first() ?? rest.next()); next.done !== true; next = await rest.next()) yield next.value;
}

async function sendProject(
  { channel, terms: agreed }: Greeted,
  request: SyncRequest,
  source: Source,
  rules: readonly string[],
  sent: Sent,
): Promise<void> {
  const { listing } = source;
  const terms = await agreed;
  const project = { root: request.root, elsewhere: request.elsewhere, entries: listing.entries };
  const conversation = startConversation(channel, project, terms.seed, sent, request.isDryRun);
  sendRules(channel, rules);
  let lists = 1;
  if ((source.kind === "lists") !== terms.incremental) throw brokenStream("a file list of another kind");
  if (source.kind === "list") sendWholeList(channel, listing, terms);
  else lists = await sendListsByDirectory(conversation, source.turns, listing.entries, terms);
  await answerAll(conversation, lists, terms.protocol);
}

function comparisonOf({ changed }: SyncRequest, { kind, listing }: Source): Comparison {
  if (kind === "lists") return "each directory";
  return changed === undefined || listing.relisted.length > 0 ? "times" : "content";
}
