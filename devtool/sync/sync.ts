import { Failure } from "../failure.ts";
import type { Filter } from "../ignore/filter.ts";
import { shownName } from "../paths/bytes.ts";
import type { Connection } from "../targets/target.ts";
import { receiverRules } from "./filter/receiver-rules.ts";
import { checkMirror, makeMirror } from "./make-mirror.ts";
import { exitFailure, SYNC_FAILED, waitForExit } from "./rsync-exit.ts";
import { sendListsByDirectory, sendRules, sendWholeList } from "./send/lists.ts";
import type { LocalProject } from "./send/local.ts";
import { answerAll, type Sent, startConversation } from "./send/sender.ts";
import { type DirectoryListing, type Listing, listProject, walkProject } from "./send/walk.ts";
import { type Comparison, endUnlessTaken, type Greeted, greet, type Server, serverArgv, takeServer } from "./server.ts";
import { StreamEnded } from "./wire/channel.ts";
import { type Entry, isDirectory, isRegular } from "./wire/entry.ts";
import { brokenStream } from "./wire/wire.ts";

export interface SyncRequest extends LocalProject {
  /** An absolute path on the target; created if missing. Nothing outside it is written or deleted. */
  readonly mirror: string;
  /** The target's rsync, where it is not the one in its PATH. */
  readonly rsync?: string | undefined;
  readonly filter: Filter;
  /** Of an earlier report's `paths`, those that the filter excludes now: they are deleted from the mirror nevertheless. */
  readonly withdrawn?: readonly string[] | undefined;
  /**
   * The paths of a watch round, relative to the project, posix, as bytes. Without it everything is compared, and what is not in
   * the project is deleted from the mirror.
   */
  readonly changed?: readonly string[] | undefined;
  /** Called each second while it takes longer. */
  readonly onProgress?: ((progress: SyncProgress) => void) | undefined;
  /** Only finds out what a full sync would do: the target changes nothing, and no content is sent. */
  readonly isDryRun?: boolean | undefined;
}

/** How far a sync is: what was sent, of what is listed until now. */
export interface SyncProgress {
  readonly files: number;
  readonly filesTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface SyncReport {
  readonly mirror: string;
  /** Regular files whose content was sent, whole or in part. */
  readonly files: number;
  /** Files, directories and symlinks deleted from the mirror. */
  readonly deleted: number;
  /** Their paths, as bytes; those of directories end in a slash. */
  readonly deletedPaths: readonly string[];
  /** Files and symlinks that were sent, as bytes. */
  readonly sentPaths: readonly string[];
  /** Bytes written to rsync on the target. */
  readonly bytesSent: number;
  /** Sum of the sizes of the regular files in the list. */
  readonly bytesTotal: number;
  readonly milliseconds: number;
  /** What was skipped without causing a failure, a sentence each. */
  readonly notices: readonly string[];
  /** What rsync may not delete on the target and left there, a sentence each. */
  readonly undeleted: readonly string[];
  /** What was listed, and is in the mirror now: as bytes; those of directories end in a slash. */
  readonly paths: readonly string[];
}

/**
 * Makes the mirror on the target equal to the project here, as `rsync -rlpt --delete` does.
 * Throws Failure, ConnectionLost, or the signal's reason; each file of the mirror is then either the old one or the new
 * one, never incomplete. `ahead` is ended if the request does not need it.
 */
export async function sync(
  connection: Connection,
  request: SyncRequest,
  signal: AbortSignal,
  ahead?: Server,
): Promise<SyncReport> {
  const started = performance.now();
  refuseDangerousMirror(request.mirror);
  const round = runRound(connection, request, signal, ahead);
  const { listing, sent, deleted, undeleted, bytesSent } = await round.finally(() => ahead && endUnlessTaken(ahead));
  refuseUnreadable([...listing.unreadable, ...sent.unreadable]);
  return {
    mirror: request.mirror,
    files: sent.files.size,
    deleted: deleted.length,
    deletedPaths: deleted,
    sentPaths: [...sent.files, ...sent.symlinks].map((index) => listing.entries[index]?.name ?? ""),
    bytesSent,
    bytesTotal: sizeOf(listing.entries.filter(isRegular)),
    milliseconds: performance.now() - started,
    notices: [...listing.notices, ...noticesOf(sent, listing.entries)],
    undeleted,
    paths: listing.entries
      .filter(({ name }) => name !== ".")
      .map((entry) => (isDirectory(entry) ? `${entry.name}/` : entry.name)),
  };
}

function refuseDangerousMirror(mirror: string): void {
  const parts = mirror.split("/").filter((part) => part !== "" && part !== ".");
  if (mirror.startsWith("/") && parts.length >= 2 && !parts.includes("..") && !mirror.includes("\0")) return;
  throw new Failure(
    `${JSON.stringify(mirror)} can't be a mirror: everything in it that is not in the project would be deleted`,
    {
      code: "mirror-invalid",
      remedy: "name an absolute path of at least two directories, such as /home/me/project",
      exitCode: 2,
    },
  );
}

function refuseUnreadable(unreadable: readonly string[]): void {
  if (unreadable.length === 0) return;
  throw new Failure(
    `${unreadable.length} of the project's files can't be read:\n  ${unreadable.slice(0, 20).join("\n  ")}`,
    {
      code: "project-unreadable",
      remedy: "make them readable, or list them under `sync.exclude` in the configuration",
    },
  );
}

function noticesOf(sent: Sent, entries: readonly Entry[]): string[] {
  const unsettled = [...sent.unsettled].map((index) => shownName(entries[index]?.path ?? ""));
  return [...sent.vanished, ...unsettled.map((path) => `${path} kept changing while it was read; skipped`)];
}

interface Round {
  readonly listing: Listing;
  readonly sent: Sent;
  readonly deleted: readonly string[];
  readonly undeleted: readonly string[];
  readonly bytesSent: number;
}

/** rsync creates the mirror's last directory itself; `mkdir` runs only if its parents are missing too. A dry run makes none. */
async function runRound(
  connection: Connection,
  request: SyncRequest,
  signal: AbortSignal,
  ahead: Server | undefined,
): Promise<Round> {
  const first = await converse(connection, request, signal, ahead);
  if (request.isDryRun && !isUnchanged(first)) await checkMirror(connection, request.mirror, signal);
  if (!("unusable" in first)) return first;
  if (request.isDryRun) throw first.unusable;
  await makeMirror(connection, request.mirror, signal);
  const second = await converse(connection, request, signal, undefined);
  if ("unusable" in second) throw second.unusable;
  return second;
}

/** What is the same already can be on a read-only file system. */
function isUnchanged(outcome: Outcome): boolean {
  if ("unusable" in outcome) return false;
  const { sent, deleted } = outcome;
  return sent.files.size + sent.symlinks.size + deleted.length === 0;
}

/** `unusable`: rsync could not use the mirror's path, and has changed nothing. */
type Outcome = Round | { readonly unusable: Failure };
const PATH_EXIT_CODES = [3, 11];

async function converse(
  connection: Connection,
  request: SyncRequest,
  signal: AbortSignal,
  ahead: Server | undefined,
): Promise<Outcome> {
  const sent: Sent = { files: new Set(), symlinks: new Set(), unsettled: new Set(), unreadable: [], vanished: [] };
  const source = await openSource(request, signal);
  if (source.kind === "list" && source.listing.entries.length === 0) {
    return { listing: source.listing, sent, deleted: [], undeleted: [], bytesSent: 0 };
  }
  const rules = receiverRules(connection, request, signal);
  rules.catch(() => undefined);
  const argv = serverArgv(request.mirror, comparisonOf(request, source), request.rsync, request.isDryRun);
  const server = takeServer(ahead, connection, argv, signal);
  source.readAhead?.();
  const greeted = await greet(server);
  const { rsync, output, channel } = greeted;
  const done = () => ({
    listing: source.listing,
    sent,
    deleted: output.deleted,
    undeleted: output.undeleted,
    bytesSent: channel.bytesSent,
  });
  let failed: unknown;
  const progress = () => request.onProgress?.(progressOf(source.listing, sent, channel.bytesSent));
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
    if (!(error instanceof StreamEnded)) rsync.kill("SIGTERM");
  } finally {
    clearInterval(ticks);
  }
  const status = await waitForExit(rsync).finally(() => signal.throwIfAborted());
  if (failed !== undefined && !(failed instanceof StreamEnded)) throw failed;
  const failure = exitFailure(status, output, sent.unsettled.size);
  const didNothing = sent.files.size === 0 && output.deleted.length === 0;
  if (failure !== undefined && didNothing && PATH_EXIT_CODES.includes(status.code ?? 0)) return { unusable: failure };
  if (failure !== undefined) throw failure;
  if (failed !== undefined) throw new Failure("rsync on the target ended before it was done", SYNC_FAILED);
  return done();
}

const PROGRESS_MS = 1_000;

function progressOf({ entries }: Listing, { files }: Sent, bytes: number): SyncProgress {
  const regular = entries.filter(isRegular);
  return { files: files.size, filesTotal: regular.length, bytes, bytesTotal: sizeOf(regular) };
}

function sizeOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { size }) => sum + size, 0);
}

/** A watch round is read at once and may turn out empty; a full round is read while rsync starts and works. */
type Source =
  | { readonly kind: "list"; readonly listing: Listing; readonly readAhead?: undefined }
  | {
      readonly kind: "lists";
      readonly listing: Listing;
      readonly turns: AsyncIterable<DirectoryListing[]>;
      /** Starts to read the first turn before it is asked for. */
      readonly readAhead: () => void;
    };

async function openSource(request: SyncRequest, signal: AbortSignal): Promise<Source> {
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
