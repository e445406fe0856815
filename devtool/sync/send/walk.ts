import { lstatSync, readdirSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Failure } from "../../failure.ts";
import type { Filter } from "../../ignore/filter.ts";
import { fromSystem, joinPath, nameOf, parentOf, shownName } from "../../paths/bytes.ts";
import { type Entry, isDirectory } from "../wire/entry.ts";
import { describe, isGone, type LocalProject, placeOf, reason } from "./local.ts";
import { refuseEmpty, rootEntry } from "./root.ts";
import { NO_NAMES, type Selection, selectionOf } from "./selection.ts";

/** The project's entries in rsync's order, and what was left out. */
export interface Listing {
  readonly entries: Entry[];
  /** What exists but can't be read, a phrase each. If the list lacks such an entry, the target deletes nothing. */
  readonly unreadable: string[];
  /** What is skipped because a mirror can't contain it, a phrase each. */
  readonly notices: string[];
  /** Directories listed with all their names because something in them vanished. */
  readonly relisted: Entry[];
}

export interface WalkRequest extends LocalProject {
  readonly filter: Filter;
}

/** rsync's own limit; sys/param.h:MAXPATHLEN. */
const NAME_BYTES_MAX = 4095;
const ENTRIES_MAX = 4_000_000;
/** Number of entries to read before other work of this process gets a turn. */
const ENTRIES_PER_TURN = 1000;

/**
 * Lists the project, or only the paths that changed (relative, posix, as bytes): each with its parent directories, and a
 * directory with everything below it. A directory from which something vanished is listed with all its names, since
 * rsync deletes what a list lacks; the alternative, --delete-missing-args, fails with Debian 12's rsync 3.2.7. Throws
 * Failure when there is no project to list, since its mirror would be emptied.
 */
export async function listProject(
  request: WalkRequest,
  changed: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Listing> {
  const selection = changed === undefined ? "all" : selectionOf(changed);
  const root = rootEntry(request);
  const walk: Walk = { request, listing: emptyListing(), pending: [] };
  let nextTurn = ENTRIES_PER_TURN;
  for (const _ of walkFlat(walk, { entry: root.entry, key: "", isPassage: false }, selection)) {
    const { length } = walk.listing.entries;
    if (length < nextTurn) continue;
    nextTurn = length + ENTRIES_PER_TURN;
    refuseTooMany(length);
    await setImmediate();
    signal.throwIfAborted();
  }
  const isRelisted = walk.listing.relisted.length > 0;
  if (selection === "all" || isRelisted) refuseEmpty(request.root, walk.listing.unreadable, walk.listing.entries);
  root.checkStillThere();
  return walk.listing;
}

/** One directory of the project and what is in it, in rsync's order. */
export interface DirectoryListing {
  readonly directory: Entry;
  readonly entries: readonly Entry[];
  /** Something in it could not be read. */
  readonly isIncomplete: boolean;
}

/** The project directory by directory, as far as it has been read. Each turn yields more of it. */
export interface ProjectWalk {
  readonly listing: Listing;
  readonly turns: AsyncGenerator<DirectoryListing[], void>;
}

/**
 * Lists the whole project, each directory before those in it. `listing.entries` is left to the caller.
 * Throws Failure as listProject does, before it yields a list that is empty because the project is gone.
 */
export function walkProject(request: WalkRequest, signal: AbortSignal): ProjectWalk {
  const listing = emptyListing();
  return { listing, turns: turns({ request, listing, pending: [] }, signal) };
}

async function* turns(walk: Walk, signal: AbortSignal): AsyncGenerator<DirectoryListing[], void> {
  const root = rootEntry(walk.request);
  let turn: DirectoryListing[] = [];
  let length = 0;
  let total = 0;
  for (const directory of walkByDirectory(walk, root.entry)) {
    if (directory.directory === root.entry) refuseEmpty(walk.request.root, walk.listing.unreadable, directory.entries);
    turn.push(directory);
    length += directory.entries.length + 1;
    if (length < ENTRIES_PER_TURN) continue;
    total += length;
    length = 0;
    refuseTooMany(total);
    await setImmediate();
    signal.throwIfAborted();
    root.checkStillThere();
    yield turn;
    turn = [];
  }
  root.checkStillThere();
  yield turn;
}

function emptyListing(): Listing {
  return { entries: [], unreadable: [], notices: [], relisted: [] };
}

function refuseTooMany(count: number): void {
  if (count > ENTRIES_MAX)
    throw new Failure(`the project has more than ${ENTRIES_MAX} files to sync`, {
      code: "project-too-large",
      remedy: "leave out what the target does not need: sync.exclude in the configuration, or .gitignore",
      exitCode: 2,
    });
}

interface Walk {
  readonly request: WalkRequest;
  readonly listing: Listing;
  /** Parent directories that are listed only once something below them is. */
  readonly pending: Entry[];
}

/** All in one list: a directory is followed by its content. */
function* walkFlat(walk: Walk, { entry, isPassage }: Directory, selection: Selection): Generator<undefined, void> {
  const { files, directories, isRelisted } = readDirectory(walk, entry.path, selection);
  yield;
  const directory = selection === "all" || isRelisted ? entry : { ...entry, complete: false };
  const isRoot = entry.path === "";
  if (isRoot || (isPassage && !isRelisted)) walk.pending.push(directory);
  else list(walk, directory);
  if (isRelisted) walk.listing.relisted.push(directory);
  for (const file of files) list(walk, file);
  for (const inner of directories) {
    const name = inner.entry.path.slice(inner.entry.path.lastIndexOf("/") + 1);
    yield* walkFlat(walk, inner, selection === "all" ? "all" : (selection.get(name) ?? NO_NAMES));
  }
  if (walk.pending.at(-1) === directory) walk.pending.pop();
}

/** One list per directory. One that vanished before it was read counts as unreadable: its mirror is not emptied. */
function* walkByDirectory(walk: Walk, directory: Entry): Generator<DirectoryListing, void> {
  const unread = walk.listing.unreadable.length;
  const { files, directories, isGone } = readDirectory(walk, directory.path, "all");
  const isIncomplete = isGone || walk.listing.unreadable.length > unread;
  yield { directory, entries: [...files, ...directories.map(({ entry }) => entry)], isIncomplete };
  for (const { entry } of directories) yield* walkByDirectory(walk, entry);
}

interface Directory {
  readonly entry: Entry;
  /** Sort key: rsync sorts directories as if their names ended in a slash. */
  readonly key: string;
  /** Listed only once something below it is. */
  readonly isPassage: boolean;
}

interface DirectoryContent {
  readonly files: Entry[];
  readonly directories: Directory[];
  readonly isGone: boolean;
  readonly isRelisted: boolean;
}

/** The entries of a directory that belong in the mirror, in rsync's order. */
function readDirectory(walk: Walk, path: string, selection: Selection): DirectoryContent {
  const isRelisted =
    selection !== "all" && [...selection.keys()].some((name) => hasVanished(walk, joinPath(path, name)));
  const names = selection === "all" || isRelisted ? readNames(walk, path) : [...selection.keys()];
  const files: Entry[] = [];
  const directories: Directory[] = [];
  for (const name of names ?? []) {
    const entry = readEntry(walk, joinPath(path, name));
    if (entry === undefined) continue;
    const verdict = walk.request.filter.verdict(entry.name, isDirectory(entry));
    if (verdict === "excluded") continue;
    if (!isDirectory(entry)) files.push(entry);
    else directories.push({ entry, key: `${entry.name}/`, isPassage: verdict === "passage" && !isRelisted });
  }
  files.sort((a, b) => (a.name < b.name ? -1 : 1));
  directories.sort((a, b) => (a.key < b.key ? -1 : 1));
  return { files, directories, isGone: names === undefined, isRelisted: isRelisted && names !== undefined };
}

/** Whether the mirror may have something at this path that is not to be there: of a kind that is not here any more. */
function hasVanished({ request }: Walk, path: string): boolean {
  const name = fromSystem(path);
  const isKept = (asDirectory: boolean) => request.filter.verdict(name, asDirectory) !== "excluded";
  try {
    const isFolder = lstatSync(placeOf(request, path)).isDirectory();
    return !isKept(isFolder) && isKept(!isFolder);
  } catch (error) {
    return isGone(error) && (isKept(false) || isKept(true));
  }
}

function list(walk: Walk, entry: Entry): void {
  if (walk.pending.length > 0) walk.listing.entries.push(...walk.pending.splice(0));
  walk.listing.entries.push(entry);
}

/** Returns undefined for a directory that has vanished. */
function readNames(walk: Walk, path: string): string[] | undefined {
  try {
    return withElsewhere(walk.request, path, readdirSync(placeOf(walk.request, path), "latin1"));
  } catch (error) {
    if (isGone(error)) return undefined;
    walk.listing.unreadable.push(`${shownName(path || ".")}: ${reason(error)}`);
    return [];
  }
}

/** What is elsewhere has a name here too, whatever is in its place. */
function withElsewhere({ elsewhere }: LocalProject, path: string, names: string[]): string[] {
  if (elsewhere === undefined || parentOf(elsewhere.path) !== path) return names;
  return [...names.filter((name) => name !== nameOf(elsewhere.path)), nameOf(elsewhere.path)];
}

/** Returns undefined for what can't be sent. */
function readEntry({ request, listing }: Walk, path: string): Entry | undefined {
  const name = fromSystem(path);
  if (name.length > NAME_BYTES_MAX) {
    listing.unreadable.push(`${shownName(path)}: its name is longer than ${NAME_BYTES_MAX} bytes`);
    return undefined;
  }
  try {
    const entry = describe(request, path, name, lstatSync(placeOf(request, path), { bigint: true }));
    if (entry === undefined && request.filter.verdict(name, false) !== "excluded")
      listing.notices.push(`${shownName(path)} is neither file, directory nor symlink; skipped`);
    return entry;
  } catch (error) {
    if (!isGone(error)) listing.unreadable.push(`${shownName(path)}: ${reason(error)}`);
    return undefined;
  }
}
