import { Failure } from "../../failure.ts";
import type { Channel } from "./channel.ts";
import type { Seed } from "./checksum.ts";
import { brokenStream } from "./wire.ts";

const NEWEST_PROTOCOL = 31;
const OLDEST_PROTOCOL = 30;

/** One file list per directory, so that the target works on the first ones while the last are read here. */
export const OFFER_INCREMENTAL = "e.iLfxC";

/**
 * What our `-e` option offers the server: safe file lists, no optimization of xattrs, the seed first;
 * rsync/options.c:maybe_add_e_option.
 */
export const OFFER = "e.LfxC";

export interface Terms {
  readonly protocol: number;
  readonly seed: Seed;
  /** Whether there is one file list per directory. */
  readonly incremental: boolean;
  /** Whether the end of a file list can carry a flag that the list is incomplete. */
  readonly safeFileList: boolean;
}

/** What the server accepts of the `-e` option's offer; rsync/compat.c:CF_*. */
const COMPATIBILITY = { incrementalRecursion: 1 << 0, safeFileList: 1 << 3, seedFirst: 1 << 5, varintFlags: 1 << 7 };

/** rsync/compat.c:setup_protocol. */
export async function agree(channel: Channel): Promise<Terms> {
  channel.out.int32(NEWEST_PROTOCOL);
  const theirs = await readVersion(channel);
  const protocol = Math.min(theirs, NEWEST_PROTOCOL);
  const flags = await channel.varint();
  if ((flags & COMPATIBILITY.varintFlags) !== 0) throw brokenStream(`the compatibility flags ${flags}`);
  const seed = { value: await channel.int32(), isFirst: (flags & COMPATIBILITY.seedFirst) !== 0 };
  channel.startMultiplexing();
  const incremental = (flags & COMPATIBILITY.incrementalRecursion) !== 0;
  return { protocol, seed, incremental, safeFileList: protocol >= 31 || (flags & COMPATIBILITY.safeFileList) !== 0 };
}

/** Output of a shell's start-up files comes before rsync's version, and is read as a number that is far too large. */
async function readVersion(channel: Channel): Promise<number> {
  const start = await channel.bytes(4);
  const version = start.readInt32LE(0);
  if (version >= OLDEST_PROTOCOL && version <= MAX_VERSION) return version;
  if (version > 0 && version < OLDEST_PROTOCOL) {
    throw new Failure(
      `rsync on the target speaks protocol ${version}; ${OLDEST_PROTOCOL} to ${NEWEST_PROTOCOL} are supported`,
      { code: "rsync-incompatible", remedy: "install rsync 3.1.3 or newer on the target" },
    );
  }
  const noise = Buffer.concat([start, channel.unread()]).toString().split("\n")[0] ?? "";
  throw new Failure(
    `the login shell on the target prints ${JSON.stringify(noise.slice(0, 200))}, which breaks rsync's protocol`,
    {
      code: "rsync-incompatible",
      remedy: "make its start-up files (.bashrc, .profile) print only on a terminal: [ -t 1 ] && …",
    },
  );
}

/** rsync.h:MAX_PROTOCOL_VERSION. */
const MAX_VERSION = 40;
