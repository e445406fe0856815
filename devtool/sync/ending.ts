import type { Readable } from "node:stream";
import { Failure } from "../failure.ts";
import type { ExitStatus, RemoteProcess } from "../targets/target.ts";
import { MESSAGE, type Message } from "./wire/multiplex.ts";

/** What the rsync on the target says while it works. */
export interface Hearing {
  hear(message: Message): void;
  /** So many things were deleted. */
  readonly deleted: number;
  /** Its complaints, on the wire and on its stderr, in order; at most MAX_LINES. */
  readonly complaints: readonly string[];
  /** What it only told for information. */
  readonly remarks: readonly string[];
}

const MAX_LINES = 50;
const MAX_STDERR_LENGTH = 16 * 1024;
const COMPLAINTS: ReadonlySet<number> = new Set([MESSAGE.error, MESSAGE.errorXfer]);
const REMARKS: ReadonlySet<number> = new Set([MESSAGE.info, MESSAGE.warning]);

export function createHearing(stderr: Readable): Hearing {
  let deleted = 0;
  let unstructured = Buffer.alloc(0);
  const complaints: string[] = [];
  const remarks: string[] = [];
  stderr.on("data", (chunk: Buffer) => {
    if (unstructured.length < MAX_STDERR_LENGTH) unstructured = Buffer.concat([unstructured, chunk]);
  });
  stderr.on("error", () => undefined);
  return {
    hear({ kind, payload }) {
      if (kind === MESSAGE.deleted) deleted++;
      if (COMPLAINTS.has(kind)) addLines(complaints, payload);
      if (REMARKS.has(kind)) addLines(remarks, payload);
    },
    get deleted() {
      return deleted;
    },
    get complaints() {
      const all = [...complaints];
      addLines(all, unstructured);
      return all;
    },
    remarks,
  };
}

function addLines(to: string[], text: Buffer): void {
  const lines = text
    .toString()
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== "");
  to.push(...lines.slice(0, MAX_LINES - to.length));
}

/** After a conversation that is over, or broken, rsync has this long to clean up before it is killed. */
const GRACE_MS = 10_000;

/** Rejects with ConnectionLost when the connection ended first. */
export async function waitForExit(rsync: RemoteProcess): Promise<ExitStatus> {
  const terminate = setTimeout(() => rsync.kill("SIGTERM"), GRACE_MS);
  const kill = setTimeout(() => rsync.kill("SIGKILL"), 2 * GRACE_MS);
  try {
    return await rsync.exited;
  } finally {
    clearTimeout(terminate);
    clearTimeout(kill);
  }
}

/** rsync(1), "EXIT VALUES". */
const EXIT_WORDS: Readonly<Record<number, string>> = {
  1: "it doesn't know what it was asked for; 3.1.3 or newer is needed",
  2: "it speaks another protocol",
  3: "it can't use the mirror's path",
  4: "it can't do what it was asked for",
  5: "it failed to start the conversation",
  10: "an error in socket I/O",
  11: "an error in file I/O",
  12: "an error in the protocol's data stream",
  13: "an error in its own messages",
  14: "an error between its own processes",
  20: "it was stopped by a signal",
  21: "an error between its own processes",
  22: "it ran out of memory",
  23: "some files could not be transferred",
  24: "some files vanished before they could be transferred",
  25: "the limit on deletions stopped it",
  30: "it waited too long for data",
};
const COMMAND_NOT_FOUND = 127;

export const NO_RSYNC = {
  remedy: "run `devtool provision`, or `apt-get install rsync` on the target",
  exitCode: 2,
} as const;

/** How it ended, in words; undefined when all is well. `unsettled`: so many files our side made it refuse. */
export function exitFailure(status: ExitStatus, hearing: Hearing, unsettled: number): Failure | undefined {
  const { complaints } = hearing;
  if (status.code === 0) return undefined;
  const refusals = complaints.filter((line) => line.includes("failed verification"));
  if (status.code === 23 && refusals.length === unsettled && complaints.length === unsettled) return undefined;
  if (status.code === COMMAND_NOT_FOUND) return new Failure("the target has no rsync", NO_RSYNC);
  const words = status.code === null ? `${status.signal} ended it` : (EXIT_WORDS[status.code] ?? "it failed");
  const code = status.code === null ? "" : ` (exit code ${status.code})`;
  const details = complaints.length > 0 ? complaints : hearing.remarks;
  const text = [`rsync on the target: ${words}${code}`, ...details].join("\n  ");
  const remedy = remedyFor(details.join("\n"));
  return new Failure(text, remedy === undefined ? {} : { remedy });
}

function remedyFor(text: string): string | undefined {
  if (/No space left|Disk quota exceeded/.test(text)) return "free some space on the target";
  if (/Permission denied|Operation not permitted/.test(text))
    return "make the mirror writable for the login user on the target";
  if (/Read-only file system/.test(text)) return "put the mirror on a file system that can be written";
  return undefined;
}
