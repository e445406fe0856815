import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { localPath } from "../../paths/bytes.ts";
import type { Channel } from "../wire/channel.ts";
import type { Entry } from "../wire/entry.ts";
import { ITEM, parseItem, writeItem } from "../wire/item.ts";
import { brokenStream, INDEX, type IndexDecoder, type IndexEncoder } from "../wire/wire.ts";
import { type Basis, receiveContent } from "./content.ts";
import type { Incoming, Place } from "./place.ts";
import type { Planned } from "./plan.ts";
import { type Blocks, blocksOf, NO_BLOCKS, writeHead, writeSums } from "./sums.ts";

/** What may be on its way at once, so that neither side waits for the other to read. */
const REQUESTS_MAX = 64;
const REQUESTED_BYTES_MAX = 8 * 1024 * 1024;
/** A sum head: count, block length, strong length, remainder. */
const HEAD_BYTES = 16;

export interface Reception {
  readonly channel: Channel;
  /** The project: absolute. */
  readonly root: string;
  readonly entries: readonly Entry[];
  readonly received: IndexDecoder;
  readonly encoded: IndexEncoder;
  readonly strongSum: (block: Uint8Array) => Buffer;
  readonly place: Place;
  /** Called for a file that is whole; it may still say no. */
  readonly onWhole: (planned: Planned, file: Incoming) => void;
  /** Indices of what the sender says it can't send. */
  readonly refused: ReadonlySet<number>;
}

interface Requested extends Planned {
  readonly basis: Basis | undefined;
}

/**
 * Requests these files and receives them until all have come, or have been refused; returns those whose checksum was
 * wrong. `isAgain`: with strong sums that leave no doubt; rsync/generator.c, rsync/receiver.c:recv_files.
 */
export async function receiveFiles(
  reception: Reception,
  files: readonly Planned[],
  isAgain: boolean,
): Promise<readonly Planned[]> {
  const { channel, refused } = reception;
  const underway = new Map<number, Requested>();
  const wrong: Planned[] = [];
  const pending = () => [...underway.values()].filter(({ index }) => !refused.has(index));
  const isFull = () => {
    const waiting = pending();
    const bytes = waiting.reduce((sum, { entry }) => sum + entry.size, 0);
    return waiting.length >= REQUESTS_MAX || bytes >= REQUESTED_BYTES_MAX;
  };
  const receiveNext = async () => {
    const item = await channel.parse(parseItem(reception.received, reception.entries.length));
    const requested = item && underway.get(item.index);
    if (!requested) throw brokenStream("a file that was not asked for");
    underway.delete(requested.index);
    if (!(await receiveFile(reception, requested))) wrong.push(requested);
  };
  try {
    for (const file of files) {
      const requested = request(reception, file, isAgain);
      underway.set(file.index, requested);
      while (isFull()) {
        await channel.inputUnless(() => !isFull());
        if (isFull()) await receiveNext();
      }
    }
    while (pending().length > 0) {
      await channel.inputUnless(() => pending().length === 0);
      if (pending().length > 0) await receiveNext();
    }
  } finally {
    for (const { basis } of underway.values()) closeBasis(basis);
  }
  return wrong;
}

/** Ends a phase, and waits until the sender has. */
export async function endPhase({ channel, encoded, received, entries }: Reception): Promise<void> {
  encoded.encode(INDEX.done, channel.out);
  if ((await channel.parse(parseItem(received, entries.length))) !== undefined)
    throw brokenStream("a file after the last one");
}

function request(reception: Reception, planned: Planned, isAgain: boolean): Requested {
  const { index, entry } = planned;
  const { channel, encoded, strongSum } = reception;
  const basis = openBasis(reception.root, entry, isAgain);
  const flags = ITEM.transfer | (basis ? 0 : ITEM.isNew);
  writeItem(channel, encoded, { index, flags, basisType: undefined, name: undefined });
  writeHead(basis?.blocks ?? NO_BLOCKS, channel.out);
  if (basis) writeSums(basis.blocks, basis.file, strongSum, channel.out);
  return { ...planned, basis };
}

/** A pipe or link in its place must not be opened. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

function openBasis(root: string, { name }: Entry, isAgain: boolean): Basis | undefined {
  let file: number | undefined;
  try {
    file = openSync(localPath(root, name), OPEN_FLAGS);
    const stat = fstatSync(file);
    if (stat.isFile() && stat.size > 0) return { file, blocks: blocksOf(stat.size, isAgain) };
  } catch {
    // Without it the whole file is sent.
  }
  closeBasis(file === undefined ? undefined : { file, blocks: NO_BLOCKS });
  return undefined;
}

function closeBasis(basis: Basis | undefined): void {
  if (basis) closeSync(basis.file);
}

async function receiveFile({ channel, place, onWhole }: Reception, requested: Requested): Promise<boolean> {
  const { basis } = requested;
  const file = place.open();
  try {
    checkHead(await channel.bytes(HEAD_BYTES), basis?.blocks ?? NO_BLOCKS);
    const isWhole = await receiveContent(channel, basis, (bytes) => file.write(bytes));
    if (isWhole) onWhole(requested, file);
    return isWhole;
  } finally {
    file.discard();
    closeBasis(basis);
  }
}

/** The sender repeats what it was sent. */
function checkHead(head: Buffer, { count, blockLength, strongLength, remainder }: Blocks): void {
  const isSame = [count, blockLength, strongLength, remainder].every((value, i) => head.readInt32LE(4 * i) === value);
  if (!isSame) throw brokenStream("sums of other blocks");
}
