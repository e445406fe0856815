import { parentOf } from "../../paths/bytes.ts";
import { type Entry, isDirectory } from "../wire/entry.ts";

/** What a file costs beside its content: as much as to send so many bytes. */
const FILE_BYTES = 64 * 1024;
/** A smaller part is done before another receiver has started. */
const PART_ENTRIES_MIN = 500;
const OWNER_WRITES = 0o200;

export interface Part {
  readonly entries: Entry[];
  /** How many of its first are folders that other parts have too. */
  readonly shared: number;
  /** The place of the one after them in the whole list. */
  readonly start: number;
}

/**
 * Cuts a list in rsync's order into `count` lists of about equal work, or fewer. Each has the folders that its entries are in,
 * so that one where a cut is may be in two; a folder that its owner may not write to is in one, since the receiver that is done
 * with it first takes the permission away.
 */
export function split(entries: readonly Entry[], count: number): Part[] {
  const folders = new Map(entries.filter(isDirectory).map((entry) => [entry.name, entry]));
  const most = Math.max(1, Math.min(count, Math.floor(entries.length / PART_ENTRIES_MIN)));
  const share = entries.reduce((sum, { size }) => sum + size + FILE_BYTES, 0) / most;
  const cuts: { readonly start: number; readonly above: readonly Entry[] }[] = [{ start: 0, above: [] }];
  let done = 0;
  for (const [start, entry] of entries.entries()) {
    if (done >= share * cuts.length) {
      const above = foldersOf(entry, folders);
      if (above.every(({ mode }) => (mode & OWNER_WRITES) !== 0)) cuts.push({ start, above });
    }
    done += entry.size + FILE_BYTES;
  }
  return cuts.map(({ start, above }, at) => {
    const own = entries.slice(start, cuts[at + 1]?.start);
    return { entries: [...above, ...own], shared: above.length, start };
  });
}

/** The folders that an entry is in, the outermost first. */
function foldersOf({ name }: Entry, folders: ReadonlyMap<string, Entry>): Entry[] {
  const above: Entry[] = [];
  for (let path = parentOf(name); path !== ""; path = parentOf(path)) {
    const folder = folders.get(path);
    if (folder) above.unshift(folder);
  }
  const top = folders.get(".");
  return top && name !== "." ? [top, ...above] : above;
}
