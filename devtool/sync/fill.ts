import type { Connection } from "../targets/target.ts";
import { converse, type Round } from "./converse.ts";
import { makeNewMirror } from "./make-mirror.ts";
import type { SyncProgress, SyncRequest } from "./request.ts";
import type { Sent } from "./send/sender.ts";
import { type Part, split } from "./send/split.ts";
import { type Listing, listProject } from "./send/walk.ts";
import { endUnlessTaken, greet, type Server, serverCommand, startServer } from "./server.ts";
import { type Entry, isDirectory } from "./wire/entry.ts";

/** rsync's receiver makes one file after the other, which takes longer there than all the rest of a first sync. */
const RECEIVERS = 2;

/**
 * Makes the mirror and sends it the project, to several receivers side by side: none has anything to compare or delete.
 * Returns undefined where it was there already, or can't be made.
 */
export async function fillNewMirror(
  connection: Connection,
  request: SyncRequest,
  signal: AbortSignal,
): Promise<Round | undefined> {
  const command = serverCommand(request, "times");
  const servers = Array.from({ length: RECEIVERS }, () => startServer(connection, command));
  for (const server of servers) greet(server).catch(() => {}); // its conversation reports it
  try {
    const listing = await listProject(request, undefined, signal);
    const isNew = await makeNewMirror(connection, request.mirror, signal);
    return isNew ? await fill(connection, request, listing, servers, signal) : undefined;
  } finally {
    for (const server of servers) endUnlessTaken(server);
  }
}

async function fill(
  connection: Connection,
  request: SyncRequest,
  listing: Listing,
  servers: readonly Server[],
  signal: AbortSignal,
): Promise<Round> {
  const all = { ...listing, entries: listing.entries.map(withoutDeletion) };
  const others = new AbortController();
  const either = AbortSignal.any([signal, others.signal]);
  const parts = split(all.entries, servers.length);
  const progress = parts.map((): SyncProgress => NOTHING_YET);
  const rounds = parts.map(async ({ entries }, at) => {
    const onProgress = (ofPart: SyncProgress) => {
      progress[at] = ofPart;
      request.onProgress?.(progress.reduce(sum));
    };
    const source = { kind: "list", listing: { ...all, entries } } as const;
    const outcome = await converse(connection, { ...request, onProgress }, source, either, servers[at]);
    if ("unusable" in outcome) throw outcome.unusable;
    return outcome;
  });
  for (const round of rounds) round.catch((error: unknown) => others.abort(error));
  await Promise.allSettled(rounds);
  return joined(all, parts, await Promise.all(rounds));
}

/** What is not in a part may be in another. */
function withoutDeletion(entry: Entry): Entry {
  return isDirectory(entry) ? { ...entry, complete: false } : entry;
}

const NOTHING_YET: SyncProgress = { files: 0, filesTotal: 0, bytes: 0, bytesTotal: 0 };

function sum(one: SyncProgress, other: SyncProgress): SyncProgress {
  return {
    files: one.files + other.files,
    filesTotal: one.filesTotal + other.filesTotal,
    bytes: one.bytes + other.bytes,
    bytesTotal: one.bytesTotal + other.bytesTotal,
  };
}

/** Of parts of a listing one round, whose indices are those of the whole. */
function joined(listing: Listing, parts: readonly Part[], rounds: readonly Round[]): Round {
  const together = (key: "files" | "symlinks" | "directories" | "unsettled") =>
    new Set(
      parts.flatMap(({ start, shared }, at) =>
        [...(rounds[at]?.sent[key] ?? [])].map((index) => start + index - shared),
      ),
    );
  const sent: Sent = {
    files: together("files"),
    symlinks: together("symlinks"),
    directories: together("directories"),
    unsettled: together("unsettled"),
    unreadable: rounds.flatMap((round) => round.sent.unreadable),
    vanished: rounds.flatMap((round) => round.sent.vanished),
  };
  return {
    listing,
    sent,
    deleted: rounds.flatMap(({ deleted }) => deleted),
    undeleted: rounds.flatMap(({ undeleted }) => undeleted),
    bytesSent: rounds.reduce((bytes, { bytesSent }) => bytes + bytesSent, 0),
  };
}
