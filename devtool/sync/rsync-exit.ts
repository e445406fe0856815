import type { Readable } from "node:stream";
import { Failure, type FailureCode } from "../failure.ts";
import type { ExitStatus, RemoteProcess } from "../targets/target.ts";
import { MESSAGE, type Message } from "./wire/multiplex.ts";

/** What rsync on the target reports while it runs. */
export interface RsyncOutput {
  receive(message: Message): void;
  /** What was deleted, as bytes; names of directories end in a slash. */
  readonly deleted: readonly string[];
  /** Lines of errors, from the protocol's messages and from stderr, in order; at most LINES_MAX. */
  readonly errors: readonly string[];
  /** Those that only say that something may not be deleted, and so stays, as sentences; not among the errors; at most LINES_MAX. */
  readonly undeleted: readonly string[];
  /** Lines of information and warnings; at most LINES_MAX. */
  readonly infos: readonly string[];
}

const LINES_MAX = 50;
/** A longer line is cut into several. */
const LINE_BYTES_MAX = 16 * 1024;
const ERRORS: ReadonlySet<number> = new Set([MESSAGE.error, MESSAGE.errorXfer]);
const INFOS: ReadonlySet<number> = new Set([MESSAGE.info, MESSAGE.warning]);

/** `deletes`: whether what may not be deleted is no error. */
export function readRsyncOutput(stderr: Readable, deletes = true): RsyncOutput {
  const output = { deleted: [] as string[], errors: [] as string[], undeleted: [] as string[], infos: [] as string[] };
  const addErrors = (text: Buffer) => {
    for (const line of linesOf(text)) {
      const undeleted = deletes ? undeletedIn(line) : undefined;
      if (undeleted === undefined) addLine(output.errors, line);
      else addLine(output.undeleted, undeleted);
    }
  };
  readLines(stderr, addErrors);
  return Object.assign(output, {
    receive({ kind, payload }: Message) {
      if (kind === MESSAGE.deleted) output.deleted.push(deletedName(payload));
      if (ERRORS.has(kind)) addErrors(payload);
      if (INFOS.has(kind)) for (const line of linesOf(payload)) addLine(output.infos, line);
    },
  });
}

/** A directory's name ends in a NUL; rsync/log.c:log_delete. */
function deletedName(payload: Buffer): string {
  return payload.toString("latin1").replace(/\0$/, "/");
}

function readLines(stderr: Readable, onLines: (text: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  stderr.on("data", (chunk: Buffer) => {
    const text = Buffer.concat([rest, chunk]);
    const end = text.length > LINE_BYTES_MAX ? text.length : text.lastIndexOf("\n") + 1;
    onLines(text.subarray(0, end));
    rest = text.subarray(end);
  });
  stderr.on("end", () => onLines(rest));
  stderr.on("error", () => undefined);
}

function linesOf(text: Buffer): string[] {
  return text
    .toString()
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== "");
}

function addLine(to: string[], line: string): void {
  if (to.length < LINES_MAX) to.push(line);
}

/** rsync/delete.c:delete_item; what is in a directory that may not be read may not be deleted either. */
function undeletedIn(line: string): string | undefined {
  const found =
    /(?:unlink|rmdir)\((.*)\) failed: (Permission denied|Operation not permitted)/.exec(line) ??
    /opendir "(.*)" failed: (Permission denied)/.exec(line);
  return found === null ? undefined : `${found[1]} is not in the project, but can't be deleted there: ${found[2]}`;
}

/** How long rsync may take to clean up after the conversation before it is killed. */
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
  1: "it does not know an option; version 3.1.3 or newer is needed",
  2: "its protocol version is not compatible",
  3: "it can't use the mirror's path",
  4: "it does not support the requested action",
  5: "it could not start the client-server protocol",
  10: "an error in socket I/O",
  11: "an error in file I/O",
  12: "an error in the protocol's data stream",
  13: "an error in program diagnostics",
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
  code: "rsync-missing",
  remedy: "run `devtool provision`, or `apt-get install rsync` on the target",
  exitCode: 2,
} as const;

/** Returns the failure; undefined after success. `unsettled`: the number of files that this side made rsync refuse. */
export function exitFailure(status: ExitStatus, output: RsyncOutput, unsettled: number): Failure | undefined {
  const { errors } = output;
  if (status.code === 0) return undefined;
  const refusals = errors.filter((line) => line.includes("failed verification"));
  if (status.code === 23 && refusals.length === unsettled && errors.length === unsettled) return undefined;
  if (status.code === COMMAND_NOT_FOUND) return notStarted(errors);
  const words = status.code === null ? `${status.signal} ended it` : (EXIT_WORDS[status.code] ?? "it failed");
  const code = status.code === null ? "" : ` (exit code ${status.code})`;
  const details = errors.length > 0 ? errors : output.infos;
  const text = [`rsync on the target: ${words}${code}`, ...details].join("\n  ");
  return new Failure(text, causeIn(details.join("\n")));
}

/** The dynamic loader has the shell's exit code for what is not there, and says why. */
function notStarted(errors: readonly string[]): Failure {
  const isThere = errors.some((line) => LOADER.test(line));
  const lines = isThere ? ["the target's rsync does not run", ...errors] : ["the target has no rsync"];
  return new Failure(lines.join("\n  "), NO_RSYNC);
}

/** Words of glibc's and musl's. */
const LOADER = /shared librar|symbol lookup error|error relocating/i;

/** Tells the cause by strerror's words. */
export function causeIn(text: string): { readonly code: FailureCode; readonly remedy?: string } {
  if (/No space left|Disk quota exceeded/.test(text))
    return {
      code: "no-space",
      remedy: "free some space on the target, or set another folder for it: mirror, in the target's settings",
    };
  if (/(?:send_files failed to open|opendir) .*Permission denied/.test(text))
    return {
      code: "sync-failed",
      remedy: "let the login user read it there, as by `devtool ssh sudo chmod -R a+rX PATH`",
    };
  if (/Permission denied|Operation not permitted/.test(text))
    return {
      code: "mirror-unwritable",
      remedy:
        "make the mirror writable for the login user, or set another folder for it: mirror, in the target's settings",
    };
  if (/Read-only file system/.test(text))
    return {
      code: "mirror-unwritable",
      remedy: "set a folder on a writable file system: mirror, in the target's settings",
    };
  return SYNC_FAILED;
}

export const SYNC_FAILED = {
  code: "sync-failed",
  remedy: "run it again; where it fails again, devtool doctor looks at the target",
} as const;
