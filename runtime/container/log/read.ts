import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import { Failure } from "../../failure.ts";
import type { ProcessIdentity } from "../../host/process.ts";
import { openShim } from "../../host/shim.ts";
import { isMissing } from "../../state/lock.ts";
import { placesOf } from "../../state/places.ts";
import { findExisting } from "../../state/status.ts";
import { endsWithin } from "../process/ended.ts";
import { type LogFile, openLog, openOldest } from "./files.ts";
import { type LogLine, parseLine } from "./line.ts";

export interface LogOptions {
  /** Of the lines that there are, how many of the last ones; undefined: all. */
  readonly tail?: number | undefined;
  /** As a log has times; those before it, and after it, are left out. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Goes on until the container has ended, or that time has come. */
  readonly follow?: boolean | undefined;
}

/** Gets the lines, and is told when there are no more for now. What it throws ends the reading. */
export interface LogReader {
  line(line: LogLine): void;
  flush(): void;
}

/** Reads a detached container's log. Throws Failure where it has none. */
export async function readLog(
  root: string,
  name: string,
  { tail, since = "", until, follow = false }: LogOptions,
  reader: LogReader,
): Promise<void> {
  const places = placesOf(root, name);
  const { record, monitor } = findExisting(places, name);
  if (!record.life) throw noLog(name);
  if (record.life.log.maxFiles === 0) throw notKept(name);
  const isWanted = (line: LogLine) => line.time >= since && (until === undefined || line.time <= until);
  const wanted = (bytes: Buffer, to: (line: LogLine) => void) => {
    const line = parseLine(bytes);
    if (line && isWanted(line)) to(line);
  };
  const last = readFiles(places.log, tail, wanted, reader.line);
  // It may have been removed, and its log with it.
  if (!last.file) findExisting(places, name);
  reader.flush();
  try {
    // Also where it has ended meanwhile: there may be more than was read.
    if (!follow || !monitor) return;
    const milliseconds = until === undefined ? -1 : Math.max(0, Date.parse(until) - Date.now());
    await followFile(
      places.log,
      last,
      { monitor, milliseconds },
      {
        line: (bytes) => wanted(bytes, reader.line),
        flush: reader.flush,
      },
    );
  } finally {
    last.file?.close();
  }
}

type Wanted = (bytes: Buffer, to: (line: LogLine) => void) => void;

interface Last {
  /** The newest file, still open; none before the first line. */
  file: LogFile | undefined;
}

/** All there is so far. */
function readFiles(log: string, tail: number | undefined, wanted: Wanted, use: (line: LogLine) => void): Last {
  const kept = tail === undefined ? undefined : lastLines(tail);
  const last: Last = { file: undefined };
  for (const file of tail === undefined ? openLog(log) : withLast(tail, openLog(log), wanted)) {
    last.file?.close();
    last.file = file;
    file.readLines((bytes) => wanted(bytes, kept ? kept.add : use));
  }
  for (const line of kept?.lines() ?? []) use(line);
  return last;
}

/** Those files that have the last lines, each from a line before them on. */
function withLast(count: number, files: readonly LogFile[], wanted: Wanted): LogFile[] {
  const counts = (bytes: Buffer) => {
    let isWhole = false;
    wanted(bytes, ({ isPart }) => {
      isWhole = !isPart;
    });
    return isWhole;
  };
  // Of the first one of each stream, the beginning may be missing.
  let missing = count + 2;
  return files
    .toReversed()
    .filter((file) => {
      const isNeeded = missing > 0;
      if (isNeeded) missing -= file.skipToLast(missing, counts);
      else file.close();
      return isNeeded;
    })
    .toReversed();
}

/** The parts of a line count as one, also of the last one of a stream, which may have no end. */
function lastLines(count: number) {
  let parts: { readonly part: LogLine; readonly line: number }[] = [];
  let lines = 0;
  const open = new Map<LogLine["stream"], number>();
  const wanted = () => parts.filter(({ line }) => line > lines - count);
  let most = 2 * count + SLACK;
  return {
    add(part: LogLine) {
      const begun = open.get(part.stream);
      if (begun === undefined) lines += 1;
      const line = begun ?? lines;
      if (part.isPart) open.set(part.stream, line);
      else open.delete(part.stream);
      parts.push({ part, line });
      if (parts.length <= most) return;
      parts = wanted();
      most = 2 * parts.length + SLACK;
    },
    lines: () => wanted().map(({ part }) => part),
  };
}

/** Parts are dropped now and then, so that this costs nothing beside reading. */
const SLACK = 1000;

interface Bytes {
  line(bytes: Buffer): void;
  flush(): void;
}

/** How long a log is followed: until its monitor has ended; and not longer than that, unless it is -1. */
interface Following {
  readonly monitor: ProcessIdentity;
  readonly milliseconds: number;
}

/** An event is a hint: each time, all that is new is read. */
async function followFile(log: string, last: Last, { monitor, milliseconds }: Following, reader: Bytes): Promise<void> {
  const shim = await openShim();
  const failed = new AbortController();
  const watcher = watchIfThere(dirname(log), () => {
    try {
      readNew(log, last, reader);
    } catch (error) {
      watcher?.close();
      failed.abort(error);
    }
  });
  // The container was removed.
  if (!watcher) return;
  try {
    readNew(log, last, reader);
    await endsWithin(shim, monitor, milliseconds, failed.signal);
    failed.signal.throwIfAborted();
    readNew(log, last, reader);
  } finally {
    watcher.close();
  }
}

function readNew(log: string, last: Last, reader: Bytes): void {
  last.file ??= openOldest(log);
  last.file?.readLines(reader.line);
  for (let next = last.file?.next(log); next; next = next.next(log)) {
    // What was written before the rename.
    last.file?.readLines(reader.line);
    last.file?.close();
    last.file = next;
    next.readLines(reader.line);
  }
  reader.flush();
}

function watchIfThere(directory: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(directory, changed);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function notKept(name: string): Failure {
  return new Failure(`the output of the container ${name} is not kept: it was made with --log-driver none`, {
    code: "container-not-running",
    remedy: `tinydocker attach ${name} shows what it prints from now on`,
  });
}

function noLog(name: string): Failure {
  return new Failure(`the container ${name} has no log: what it prints goes to the tinydocker run that started it`, {
    code: "container-not-running",
    remedy: "start it with run -d, and its output is kept",
  });
}
