import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { shownName } from "../../paths/bytes.ts";
import type { Channel } from "../wire/channel.ts";
import { createStrongSum, type Seed } from "../wire/checksum.ts";
import { ITEM, type Item, parseItem, writeItem } from "../wire/item.ts";
import { MESSAGE } from "../wire/multiplex.ts";
import { brokenStream, INDEX, IndexDecoder, IndexEncoder } from "../wire/wire.ts";
import { type ContentTerms, sendContent, sendWhole, WINDOW_BYTES } from "./content.ts";
import type { BlockSums } from "./delta.ts";
import { isAsListed, isGone, type LocalProject, placeOf, reason } from "./local.ts";
import { parseRequest, type RequestTerms } from "./request.ts";

export interface Sent {
  /** Indices of the files whose content went out. */
  readonly files: Set<number>;
  /** Indices of the symlinks that the target lacked, or had otherwise. */
  readonly symlinks: Set<number>;
  /** Indices of the directories that the target lacked. */
  readonly directories: Set<number>;
  /** Files that changed during both attempts to read them: the target keeps the old file. */
  readonly unsettled: Set<number>;
  /** Phrases about files that could not be opened or read. */
  readonly unreadable: string[];
  readonly vanished: string[];
}

/**
 * Requests, a second try for what failed, and late updates: the first is done with the last list;
 * rsync/sender.c:send_files.
 */
const PHASES = 3;

/** The receiver requests entries by their index in `entries`, which may still grow. */
export interface Conversation extends ContentTerms, RequestTerms, Pick<LocalProject, "root" | "elsewhere"> {
  readonly encoded: IndexEncoder;
  readonly sent: Sent;
  /** How often the receiver has finished a list or a phase. */
  done: number;
}

export function startConversation(
  channel: Channel,
  project: Pick<Conversation, "root" | "elsewhere" | "entries">,
  seed: Seed,
  sent: Sent,
  isDryRun = false,
): Conversation {
  return {
    channel,
    ...project,
    strongSum: createStrongSum(seed),
    received: new IndexDecoder(),
    encoded: new IndexEncoder(),
    window: Buffer.allocUnsafeSlow(WINDOW_BYTES),
    sent,
    isDryRun,
    done: 0,
  };
}

/** Answers the requests received so far. */
export async function answerWaiting(conversation: Conversation): Promise<void> {
  while (conversation.channel.hasInput()) await answerNext(conversation, Number.POSITIVE_INFINITY);
}

/**
 * Answers the receiver until it has finished `lists` lists; rsync/sender.c:send_files, rsync/main.c:read_final_goodbye.
 */
export async function answerAll(conversation: Conversation, lists: number, protocol: number): Promise<void> {
  const { channel, encoded, received, entries } = conversation;
  const last = lists - 1 + PHASES;
  while (conversation.done < last) await answerNext(conversation, last - 1);
  const goodbyes = protocol >= 31 ? 2 : 1;
  for (let i = 0; i < goodbyes; i++) {
    const item = await channel.parse(parseItem(received, entries.length));
    if (item !== undefined) throw brokenStream("a request after the last one");
    if (i + 1 < goodbyes) encoded.encode(INDEX.done, channel.out);
  }
}

/** A request for content is a protocol error once `done` has reached `contentEnd`. */
async function answerNext(conversation: Conversation, contentEnd: number): Promise<void> {
  const { channel, encoded } = conversation;
  const request = await channel.parse(parseRequest(conversation, conversation.done < contentEnd));
  if (request === undefined) {
    conversation.done++;
    encoded.encode(INDEX.done, channel.out);
  } else if (request.old === undefined) echoOnly(conversation, request.item);
  else await sendEntry(conversation, request.item, request.old);
  if (channel.isFull) await channel.flush();
}

function echo({ channel, encoded }: Conversation, item: Item): void {
  writeItem(channel, encoded, item);
}

function echoOnly(conversation: Conversation, item: Item): void {
  const { entries, sent } = conversation;
  const isChanged = (item.flags & (ITEM.isNew | ITEM.localChange)) !== 0;
  if ((item.flags & ITEM.transfer) !== 0) sent.files.add(item.index);
  else if (isChanged && entries[item.index]?.link !== undefined) sent.symlinks.add(item.index);
  else if ((item.flags & ITEM.isNew) !== 0) sent.directories.add(item.index);
  echo(conversation, item);
}

async function sendEntry(conversation: Conversation, item: Item, old: BlockSums): Promise<void> {
  const path = conversation.entries[item.index]?.path ?? "";
  let file: number | undefined;
  try {
    file = openSync(placeOf(conversation, path), OPEN_FLAGS);
    if (!sendAsListed(conversation, item, file, old)) await sendFile(conversation, item, file, old);
  } catch (error) {
    if (!isErrno(error)) throw error;
    refuse(conversation, item, path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** A pipe or symlink that has replaced the file must not be opened. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

function isErrno(error: unknown): boolean {
  return (
    error instanceof Error && !(error instanceof Failure) && typeof (error as NodeJS.ErrnoException).code === "string"
  );
}

/** The receiver then keeps its old file. */
function refuse(conversation: Conversation, item: Item, path: string, error: unknown): void {
  const isSymlinkNow = (error as NodeJS.ErrnoException).code === "ELOOP";
  const { vanished } = conversation.sent;
  if (isGone(error) || isSymlinkNow) vanished.push(`${shownName(path)} vanished before it was read; skipped`);
  else noteUnreadable(conversation, item, error);
  conversation.channel.message(MESSAGE.noSend, item.index);
}

function noteUnreadable({ entries, sent }: Conversation, item: Item, error: unknown): void {
  sent.unreadable.push(`${shownName(entries[item.index]?.path ?? "")}: ${reason(error)}`);
}

/** Sends a small file that is new there, with as few calls as can be. Sends nothing of one that is not as it was listed. */
function sendAsListed(conversation: Conversation, item: Item, file: number, old: BlockSums): boolean {
  const { channel, entries, window, sent } = conversation;
  const entry = entries[item.index];
  if (entry === undefined || old.count > 0 || entry.size > window.length) return false;
  if (readStart(file, window, entry.size) !== entry.size) return false;
  if (!isAsListed(entry, fstatSync(file))) return false;
  startFile(conversation, item, old);
  sendWhole(channel, window.subarray(0, entry.size));
  sent.files.add(item.index);
  return true;
}

/** Fewer bytes where it can't be read so. */
function readStart(file: number, window: Buffer, length: number): number {
  try {
    return readSync(file, window, 0, length, 0);
  } catch {
    return -1;
  }
}

/**
 * Sends the content as literals and blocks, then its checksum. A file that changes while it is read gets a wrong
 * checksum, so that the receiver discards it and requests it again.
 */
async function sendFile(conversation: Conversation, item: Item, file: number, old: BlockSums): Promise<void> {
  const { out } = conversation.channel;
  const before = fstatSync(file, { bigint: true });
  if (!before.isFile()) throw Object.assign(new Error("not a regular file any more"), { code: "ENOENT" });
  startFile(conversation, item, old);
  const { digest, length, error } = await sendContent(conversation, file, Number(before.size), old);
  if (error !== undefined) noteUnreadable(conversation, item, error);
  out.int32(0);
  const after = fstatSync(file, { bigint: true });
  const isWhole = BigInt(length) === after.size && before.mtimeNs === after.mtimeNs && before.ctimeNs === after.ctimeNs;
  if (!isWhole) digest.writeUInt8(digest.readUInt8(0) ^ 0xff, 0);
  out.bytes(digest);
  if (!isWhole && conversation.sent.files.has(item.index)) conversation.sent.unsettled.add(item.index);
  conversation.sent.files.add(item.index);
}

function startFile(conversation: Conversation, item: Item, old: BlockSums): void {
  const { out } = conversation.channel;
  echo(conversation, item);
  out.int32(old.count);
  out.int32(old.blockLength);
  out.int32(old.strongLength);
  out.int32(old.remainder);
}
