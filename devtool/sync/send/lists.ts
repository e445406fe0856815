import type { Channel } from "../wire/channel.ts";
import { type Entry, isDirectory } from "../wire/entry.ts";
import type { Terms } from "../wire/handshake.ts";
import { MESSAGE } from "../wire/multiplex.ts";
import { INDEX } from "../wire/wire.ts";
import { FileListEncoder } from "./filelist.ts";
import { answerWaiting, type Conversation } from "./sender.ts";
import type { DirectoryListing, Listing } from "./walk.ts";

/** rsync/exclude.c:send_filter_list. */
export function sendRules({ out }: Channel, rules: readonly string[]): void {
  for (const rule of rules) {
    out.int32(rule.length);
    out.latin1(rule);
  }
  out.int32(0);
}

/** One list of all entries; an index is a position in it. */
export function sendWholeList(channel: Channel, { entries, unreadable }: Listing, terms: Terms): void {
  const isIncomplete = unreadable.length > 0;
  new FileListEncoder(terms.protocol).encode(entries, isIncomplete && terms.safeFileList, channel.out);
  if (isIncomplete && !terms.safeFileList) channel.message(MESSAGE.ioError, 1);
}

/**
 * Sends one list per directory as they are read, and meanwhile answers the receiver's requests about earlier ones;
 * rsync/flist.c:send_extra_file_list. Returns the number of lists.
 * Indices continue from list to list, and the one before a list's first stands for its directory.
 */
export async function sendListsByDirectory(
  conversation: Conversation,
  turns: AsyncIterable<DirectoryListing[]>,
  entries: Entry[],
  terms: Terms,
): Promise<number> {
  const { channel, encoded } = conversation;
  const encoder = new FileListEncoder(terms.protocol);
  const directories = new Map<Entry, number>();
  let lists = 0;
  for await (const turn of turns) {
    for (const { directory, entries: content, isIncomplete } of turn) {
      const list = lists === 0 ? [directory, ...content] : content;
      if (lists > 0) encoded.encode(INDEX.firstList - (directories.get(directory) ?? 0), channel.out);
      encoder.encode(list, isIncomplete, channel.out);
      entries.push(directory);
      for (const entry of list) {
        entries.push(entry);
        if (isDirectory(entry)) directories.set(entry, directories.size);
      }
      lists++;
    }
    await channel.flush();
    await answerWaiting(conversation);
  }
  encoded.encode(INDEX.endOfLists, channel.out);
  return lists;
}
