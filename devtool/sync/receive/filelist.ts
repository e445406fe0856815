import { parentOf } from "../../paths/bytes.ts";
import type { Channel } from "../wire/channel.ts";
import { type Entry, FLAG, isDirectory, isSymlink } from "../wire/entry.ts";
import { brokenStream } from "../wire/wire.ts";

/** sys/param.h:MAXPATHLEN, without the NUL. */
const NAME_BYTES_MAX = 4095;
const ENTRIES_MAX = 4_000_000;
const NANOSECONDS_MAX = 999_999_999;

export interface ReceivedList {
  /** In rsync's order: an index is a position in it. */
  readonly entries: readonly Entry[];
  /** Something could not be read there. */
  readonly isIncomplete: boolean;
}

/** One list of all entries, for protocol 30 or 31; rsync/flist.c:recv_file_list. */
export async function receiveFileList(channel: Channel): Promise<ReceivedList> {
  const entries: Entry[] = [];
  for (;;) {
    const first = await channel.byte();
    if (first === 0) return { entries: inOrder(entries), isIncomplete: false };
    const flags = (first & FLAG.extended) === 0 ? first : first | ((await channel.byte()) << 8);
    if (flags === (FLAG.extended | FLAG.errorAtEnd)) {
      return { entries: inOrder(entries), isIncomplete: (await channel.varint()) !== 0 };
    }
    if (entries.length === ENTRIES_MAX) throw brokenStream(`more than ${ENTRIES_MAX} names`);
    entries.push(await receiveEntry(channel, flags, entries.at(-1)));
  }
}

/** What an entry leaves out is that of the one before it; rsync/flist.c:recv_file_entry. */
async function receiveEntry(channel: Channel, flags: number, previous: Entry | undefined): Promise<Entry> {
  const name = await receiveName(channel, flags, previous?.name ?? "");
  const size = await channel.varlong(3);
  const seconds = (flags & FLAG.sameTime) === 0 ? await channel.varlong(4) : (previous?.seconds ?? 0);
  const nanoseconds = (flags & FLAG.nanoseconds) === 0 ? 0 : await channel.varint();
  const mode = (flags & FLAG.sameMode) === 0 ? await channel.int32() : (previous?.mode ?? 0);
  if (size < 0 || nanoseconds < 0 || nanoseconds > NANOSECONDS_MAX) throw brokenStream(`a file of ${size} bytes`);
  const link = isSymlink({ mode }) ? (await channel.bytes(await lengthOf(channel))).toString("latin1") : undefined;
  const complete = isDirectory({ mode }) && (flags & FLAG.noContent) === 0;
  return { name, path: name, mode, size, seconds, nanoseconds, link, complete };
}

async function receiveName(channel: Channel, flags: number, previous: string): Promise<string> {
  const shared = (flags & FLAG.sameName) === 0 ? 0 : await channel.byte();
  const rest = (flags & FLAG.longName) === 0 ? await channel.byte() : await lengthOf(channel);
  if (shared > previous.length || shared + rest > NAME_BYTES_MAX)
    throw brokenStream(`a name of ${shared + rest} bytes`);
  return previous.slice(0, shared) + (await channel.bytes(rest)).toString("latin1");
}

async function lengthOf(channel: Channel): Promise<number> {
  const length = await channel.varint();
  if (length < 0 || length > NAME_BYTES_MAX) throw brokenStream(`a name of ${length} bytes`);
  return length;
}

/** As the sender has sorted it: a directory's files before its directories, each followed by its content; rsync/flist.c:f_name_cmp. */
function inOrder(entries: readonly Entry[]): readonly Entry[] {
  const keyed = entries.map((entry) => ({ entry, key: sortKey(entry) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ entry }) => entry);
}

function sortKey(entry: Entry): string {
  if (entry.name === ".") return "";
  const folders = isDirectory(entry) ? entry.name : parentOf(entry.name);
  const start =
    folders === ""
      ? ""
      : folders
          .split("/")
          .map((name) => `1${name}/`)
          .join("");
  return isDirectory(entry) ? start : `${start}0${entry.name.slice(folders === "" ? 0 : folders.length + 1)}`;
}
