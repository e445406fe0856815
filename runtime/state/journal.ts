import { appendFileSync, fstatSync, readSync } from "node:fs";
import { basename } from "node:path";
import { Failure } from "../failure.ts";
import { isProcessIdentity, type ProcessIdentity, thisProcess } from "../host/process.ts";
import { isEither, isRecordOf, parseJson, type Shaped } from "../shape.ts";
import { type Entry, isEntry } from "./entry.ts";
import { type ContainerRecord, isContainerRecord, isOfOtherVersion, removeRemedy } from "./record.ts";
import { naming } from "./replace-file.ts";

/** The content of a name's lock file, one JSON object a line. The file exists while there is something to undo. */
export interface Journal {
  /** The process that has the name: the one that wrote this, or the monitor that it left the container to. */
  readonly owner: ProcessIdentity | undefined;
  /** The owner, where it is a monitor. */
  readonly monitor?: ProcessIdentity;
  /** Only of a container that is removed at its exit: its record has no separate file. */
  readonly record: ContainerRecord | undefined;
  readonly entries: readonly Entry[];
}

const isLine = isEither(
  isEither(isRecordOf({ owner: isProcessIdentity }), isRecordOf({ monitor: isProcessIdentity })),
  isEither(isRecordOf({ record: isContainerRecord }), isRecordOf({ entry: isEntry })),
);
type Line = Shaped<typeof isLine>;

/** A plan, and with it the record's arguments and environment, has at most 4 MiB; JSON may write a byte as six. */
const JOURNAL_BYTES_MAX = 32 << 20;

/** Appends lines, all in one write, before what they name is made. */
export function appendLines(fd: number, lines: readonly Line[]): void {
  naming(fd, () => appendFileSync(fd, lines.map((line) => `${JSON.stringify(line)}\n`).join("")));
}

/** The first line: the process that writes the others. */
export function ownerLines(): Line[] {
  const owner = thisProcess();
  return owner ? [{ owner }] : [];
}

/** Throws Failure when it is damaged. */
export function readJournal(fd: number, path: string): Journal {
  return parseJournal(readText(fd, path), path);
}

/** The lines of a damaged one that can be read. */
export function readIntact(fd: number, path: string): Journal {
  return journalOf(linesIn(readText(fd, path)).flatMap((text) => parsed(text) ?? []));
}

function readText(fd: number, path: string): string {
  const { size } = fstatSync(fd);
  if (size > JOURNAL_BYTES_MAX) throw damaged(path, `at most ${JOURNAL_BYTES_MAX} bytes, got ${size}`);
  const bytes = Buffer.alloc(size);
  return bytes.toString("utf8", 0, readSync(fd, bytes, 0, size, 0));
}

/**
 * A last line without a newline was cut short by a kill, a full disk or a loss of power, before what it names was made, so
 * it is ignored. Any other unknown line means damage, and a damaged journal is not used to undo anything.
 */
export function parseJournal(text: string, path: string): Journal {
  return journalOf(linesIn(text).flatMap((line, index) => parseLine(line, index + 1, path)));
}

function linesIn(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

function journalOf(lines: readonly Line[]): Journal {
  const monitor = lines.findLast((line) => "monitor" in line)?.monitor;
  return {
    owner: monitor ?? lines.findLast((line) => "owner" in line)?.owner,
    ...(monitor ? { monitor } : {}),
    record: lines.findLast((line) => "record" in line)?.record,
    entries: lines.flatMap((line) => ("entry" in line ? [line.entry] : [])),
  };
}

function parseLine(text: string, number: number, path: string): readonly Line[] {
  const lines = parsed(text);
  if (lines) return lines;
  throw damaged(path, `line ${number} is not an entry of a journal`);
}

/** None for the record of a container of another version: what is to be undone is in the other lines. Undefined for no line. */
function parsed(text: string): readonly Line[] | undefined {
  const line = parseJson(text);
  if (isLine(line)) return [line];
  return isRecordOf({ record: isOfOtherVersion })(line) ? [] : undefined;
}

function damaged(path: string, why: string): Failure {
  return new Failure(`${path} is damaged: ${why}`, {
    code: "state-damaged",
    remedy: removeRemedy(basename(path)),
  });
}
