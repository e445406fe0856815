import { Failure } from "../failure.ts";
import { shownName } from "../paths/bytes.ts";
import type { Connection } from "../targets/target.ts";
import { converse, type Outcome, openSource, type Round, sizeOf } from "./converse.ts";
import { fillNewMirror } from "./fill.ts";
import { checkMirror, makeMirror } from "./make-mirror.ts";
import type { SyncRequest } from "./request.ts";
import type { Sent } from "./send/sender.ts";
import { endUnlessTaken, type Server } from "./server.ts";
import { type Entry, isDirectory, isRegular } from "./wire/entry.ts";

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
  /** Directories that the target lacked, as bytes; `.` is the mirror itself. */
  readonly madePaths: readonly string[];
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
  const first = await syncOnce(connection, request, signal, ahead);
  const alike = alikeThere(request, first);
  if (alike.length === 0) return reportOf(request, first, started);
  const second = await syncOnce(connection, { ...request, changed: alike }, signal);
  return both(reportOf(request, first, started), reportOf(request, second, started));
}

/** Where something vanished, what is listed is compared by size and time: those of the changed files that are the same by these. */
function alikeThere({ changed }: SyncRequest, { listing, sent }: Round): string[] {
  if (changed === undefined || listing.relisted.length === 0) return [];
  const paths = new Set(changed);
  const unsent = listing.entries.filter((entry, index) => isRegular(entry) && !sent.files.has(index));
  return unsent.map(({ path }) => path).filter((path) => paths.has(path));
}

/** Of two conversations, the second of which was about a part of the first one's files. */
function both(first: SyncReport, second: SyncReport): SyncReport {
  return {
    ...first,
    files: first.files + second.files,
    deleted: first.deleted + second.deleted,
    deletedPaths: [...first.deletedPaths, ...second.deletedPaths],
    sentPaths: [...first.sentPaths, ...second.sentPaths],
    bytesSent: first.bytesSent + second.bytesSent,
    milliseconds: second.milliseconds,
    notices: [...new Set([...first.notices, ...second.notices])],
  };
}

/** @throws Failure where something can't be read here */
async function syncOnce(
  connection: Connection,
  request: SyncRequest,
  signal: AbortSignal,
  ahead?: Server,
): Promise<Round> {
  const round = runRound(connection, request, signal, ahead);
  const done = await round.finally(() => ahead && endUnlessTaken(ahead));
  refuseUnreadable([...done.listing.unreadable, ...done.sent.unreadable]);
  return done;
}

function reportOf({ mirror }: SyncRequest, round: Round, started: number): SyncReport {
  const { listing, sent, deleted, undeleted, bytesSent } = round;
  return {
    mirror,
    files: sent.files.size,
    deleted: deleted.length,
    deletedPaths: deleted,
    sentPaths: [...sent.files, ...sent.symlinks].map((index) => listing.entries[index]?.name ?? ""),
    madePaths: [...sent.directories].map((index) => listing.entries[index]?.name ?? ""),
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

/** The mirror's folder is made only where it turns out not to be there. A dry run makes none. */
async function runRound(
  connection: Connection,
  request: SyncRequest,
  signal: AbortSignal,
  ahead: Server | undefined,
): Promise<Round> {
  const filled = request.mayBeNew && !request.isDryRun ? await fillNewMirror(connection, request, signal) : undefined;
  if (filled) return filled;
  const first = await converseAboutAll(connection, request, signal, ahead);
  if (request.isDryRun && !isUnchanged(first)) await checkMirror(connection, request.mirror, signal);
  if (!("unusable" in first)) return first;
  if (request.isDryRun) throw first.unusable;
  await makeMirror(connection, request.mirror, signal);
  const second = await converseAboutAll(connection, request, signal, undefined);
  if ("unusable" in second) throw second.unusable;
  second.sent.directories.add(MIRROR);
  return second;
}

/** The index of the project's own directory in each list. */
const MIRROR = 0;

/** What is the same already can be on a read-only file system. */
function isUnchanged(outcome: Outcome): boolean {
  if ("unusable" in outcome) return false;
  const { sent, deleted } = outcome;
  return sent.files.size + sent.symlinks.size + deleted.length === 0;
}

async function converseAboutAll(
  connection: Connection,
  request: SyncRequest,
  signal: AbortSignal,
  ahead: Server | undefined,
): Promise<Outcome> {
  return await converse(connection, request, await openSource(request, signal), signal, ahead);
}
