import { type BigIntStats, readlinkSync } from "node:fs";
import { blockedAt, kindOf, stateOf } from "../../paths/blocked.ts";
import { localPath, parentOf } from "../../paths/bytes.ts";
import { errnoOf, errnoWords } from "../../process/errno.ts";
import { type Entry, isDirectory, isRegular } from "../wire/entry.ts";

/** What has to be done about an entry of the mirror, by what is here. */
export type Verdict =
  | { readonly kind: "same"; readonly hasOtherMode: boolean }
  /** `here`: the file that is replaced. */
  | { readonly kind: "bring" | "newer"; readonly here: BigIntStats | undefined }
  /** In a sentence. */
  | { readonly kind: "in the way"; readonly why: string };

const SECOND_NS = 1_000_000_000n;
/** What `utimes` can't set more exactly than: microseconds, of seconds in floating point, which may round to the one before. */
const TICK_NS = 2_000n;

/** Compares by kind, size and time. `root`: the project, absolute. */
export function compare(root: string, entry: Entry): Verdict {
  try {
    return compareReadable(root, entry);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return inTheWay(`what is here can't be read: ${errnoWords(errno)}`);
  }
}

function compareReadable(root: string, entry: Entry): Verdict {
  const blocked = blockedAt(root, parentOf(entry.name));
  if (blocked !== undefined) return { kind: "in the way", why: blocked };
  const here = stateOf(root, entry.name);
  if (here === undefined) return { kind: "bring", here };
  if (here.isDirectory()) return isDirectory(entry) ? SAME : inTheWay("a folder is in its place");
  if (isDirectory(entry)) return inTheWay(`${kindOf(here)} is in the folder's place`);
  if (isSame(root, entry, here)) return { kind: "same", hasOtherMode: hasOtherMode(entry, here) };
  return { kind: apart(entry, here) > TICK_NS ? "newer" : "bring", here };
}

const SAME: Verdict = { kind: "same", hasOtherMode: false };

function hasOtherMode(entry: Entry, { mode }: BigIntStats): boolean {
  return process.platform !== "win32" && isRegular(entry) && ((Number(mode) ^ entry.mode) & 0o777) !== 0;
}

function inTheWay(why: string): Verdict {
  return { kind: "in the way", why };
}

function isSame(root: string, entry: Entry, here: BigIntStats): boolean {
  if (!isRegular(entry)) {
    return here.isSymbolicLink() && readlinkSync(localPath(root, entry.name), "latin1") === entry.link;
  }
  const difference = apart(entry, here);
  return here.isFile() && here.size === BigInt(entry.size) && difference < TICK_NS && difference > -TICK_NS;
}

/**
 * How many nanoseconds newer it is here. A time without a fraction is compared in whole seconds: before protocol 31 none is
 * sent, and some file systems store none.
 */
function apart({ seconds, nanoseconds }: Entry, { mtimeNs }: BigIntStats): bigint {
  const fraction = nanoseconds === 0 ? ((mtimeNs % SECOND_NS) + SECOND_NS) % SECOND_NS : BigInt(nanoseconds);
  return mtimeNs - (BigInt(seconds) * SECOND_NS + fraction);
}
