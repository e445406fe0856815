import { type Entry, FLAG, isDirectory } from "../wire/entry.ts";
import type { ByteWriter } from "../wire/wire.ts";

/** rsync.h:IOERR_GENERAL: makes the receiver delete nothing. */
const IO_ERROR = 1;
const SHARED_PREFIX_BYTES_MAX = 255;

/**
 * Encodes file lists for protocol 30 or 31, the entries in rsync's order. An entry leaves out what it shares with the
 * one before it, also with the last one of the list before; rsync/flist.c:send_file_list.
 */
export class FileListEncoder {
  readonly #protocol: number;
  #previous: Entry | undefined;

  constructor(protocol: number) {
    this.#protocol = protocol;
  }

  /** `isIncomplete`: something that belongs in this list could not be read. */
  encode(entries: readonly Entry[], isIncomplete: boolean, to: ByteWriter): void {
    for (const entry of entries) {
      encodeEntry(entry, this.#previous, this.#protocol, to);
      this.#previous = entry;
    }
    if (isIncomplete) {
      to.int16(FLAG.extended | FLAG.errorAtEnd);
      to.varint(IO_ERROR);
    } else {
      to.byte(0);
    }
  }
}

/** rsync/flist.c:send_file_entry; owner and group stay the receiver's. */
function encodeEntry(entry: Entry, previous: Entry | undefined, protocol: number, to: ByteWriter): void {
  const { name, mode, link } = entry;
  const shared = previous === undefined ? 0 : sharedPrefix(name, previous.name);
  const rest = name.length - shared;
  const isDir = isDirectory(entry);
  let flags = FLAG.sameUid | FLAG.sameGid;
  if (isDir && !entry.complete) flags |= FLAG.noContent;
  if (isDir && entry.complete && name === ".") flags |= FLAG.topDirectory;
  if (mode === (previous?.mode ?? 0)) flags |= FLAG.sameMode;
  if (entry.seconds === (previous?.seconds ?? 0)) flags |= FLAG.sameTime;
  if (entry.nanoseconds !== 0 && protocol >= 31) flags |= FLAG.nanoseconds;
  if (shared > 0) flags |= FLAG.sameName;
  if (rest > 255) flags |= FLAG.longName;
  if (flags > 0xff) to.int16(flags | FLAG.extended);
  else to.byte(flags);
  if (shared > 0) to.byte(shared);
  if (rest > 255) to.varint(rest);
  else to.byte(rest);
  to.latin1(shared === 0 ? name : name.slice(shared));
  to.varlong(entry.size, 3);
  if ((flags & FLAG.sameTime) === 0) to.varlong(entry.seconds, 4);
  if ((flags & FLAG.nanoseconds) !== 0) to.varint(entry.nanoseconds);
  if ((flags & FLAG.sameMode) === 0) to.int32(mode);
  if (link !== undefined) {
    to.varint(link.length);
    to.latin1(link);
  }
}

function sharedPrefix(name: string, previous: string): number {
  const most = Math.min(name.length, previous.length, SHARED_PREFIX_BYTES_MAX);
  let length = 0;
  while (length < most && name.charCodeAt(length) === previous.charCodeAt(length)) length++;
  return length;
}
