import { closeSync, existsSync, unlinkSync } from "node:fs";
import { basename } from "node:path";
import { Failure } from "../failure.ts";
import { isAlive, isRunning } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { sleep } from "../host/sleep.ts";
import { uptime } from "../host/uptime.ts";
import { noContainer } from "../spec/name.ts";
import { type Entry, processOf, undoAll } from "./entry.ts";
import { type Handle, lookAt } from "./handle.ts";
import { appendLines, type Journal, ownerLines, readJournal } from "./journal.ts";
import { closeLock, noteOwn, type OpenLock, openExistingLock, openLock, tryLock } from "./lock.ts";
import { giveKey, tidyNames } from "./names.ts";
import { keyIn, type Places, placesAt, placesOf } from "./places.ts";
import { type ContainerRecord, newId } from "./record.ts";
import { leftBehind, recover } from "./recover.ts";
import { type Timer, timed } from "./timed.ts";

/** How long the container of a killed process may take to end. */
const LEFTOVER_WAIT_MS = 10_000;
const LEFTOVER_POLL_MS = 5;

const KEY_DIGITS = 12;

/** A name that this process has locked. */
export interface Claim {
  readonly name: string;
  readonly places: Places;
  /** The lock file, open and locked. */
  readonly fd: number;
  /** What `release` undoes. */
  entries: readonly Entry[];
  /** Of `release`. */
  timer?: Timer | undefined;
}

export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

const CLOCK: Clock = { now: uptime, sleep };

/**
 * Locks the name and undoes what a killed process left of it. Throws Failure (exit 125) if another process has it; `waits`:
 * only if its container runs, because what else another command does with it is over in a moment.
 */
export async function claim(
  shim: Shim,
  root: string,
  name: string,
  { now, sleep }: Clock = CLOCK,
  waits = false,
): Promise<Claim> {
  return claimPlaces(shim, () => placesWithKey(shim, root, name), { now, sleep }, waits);
}

/** Locks the container that has this key, as its monitor knows it. Throws Failure where nothing of it is left. */
export function claimKey(shim: Shim, root: string, key: string): Promise<Claim> {
  return claimPlaces(shim, async () => placesAt(root, key), CLOCK, true, openLeft);
}

/** Without making it, which would show a container that was removed for a moment. */
function openLeft(_root: string, path: string): OpenLock {
  const fd = openExistingLock(path);
  if (fd === undefined) throw noContainer(basename(path));
  return { fd, isNew: false };
}

async function claimPlaces(
  shim: Shim,
  find: () => Promise<Places>,
  { now, sleep }: Clock,
  waits: boolean,
  open: typeof openLock = openLock,
): Promise<Claim> {
  const deadline = now() + LEFTOVER_WAIT_MS;
  for (;;) {
    const places = await find();
    const { name } = places;
    const attempt = tryClaim(shim, open(places.root, places.lock), places.lock);
    if (attempt.state === "taken") {
      const held = { name, places, fd: attempt.fd, entries: [] };
      // It was renamed meanwhile, or another one was that has the name now.
      if ((await find()).key === places.key) return recovered(shim, held, attempt.isLeft);
      if (attempt.isLeft) abandon(held);
      else await release(shim, held);
    } else {
      const { holder } = attempt;
      if (isHeld(holder) && !(waits && isPassing(holder))) throw inUse(name, holder);
      if (now() >= deadline) throw stillLocked(name, places.lock);
      // Its owner was killed: the container ends with it, and another start may be cleaning up right now.
      await sleep(LEFTOVER_POLL_MS);
    }
  }
}

/** A container that was made with this name, and renamed since, has the key that the name would have. */
async function placesWithKey(shim: Shim, root: string, name: string): Promise<Places> {
  const places = placesOf(root, name);
  if (keyIn(places) !== undefined) return places;
  await giveKey(shim, root, name, `${name}.${newId().slice(0, KEY_DIGITS)}`);
  return placesOf(root, name);
}

/** Locks a container that another command may be working on right now. Undefined once it was removed. Throws Failure where it runs. */
export async function claimAgain(shim: Shim, handle: Handle): Promise<Claim | undefined> {
  const held = await claimPlaces(shim, async () => placesAt(handle.root, handle.key), CLOCK, true);
  if (lookAt(handle)) return held;
  await release(shim, held);
  return undefined;
}

/** Locks a name that another command may be working on right now. */
export function claimWaiting(shim: Shim, root: string, name: string): Promise<Claim> {
  return claim(shim, root, name, CLOCK, true);
}

function isHeld(holder: Journal | undefined): holder is Journal {
  return holder?.owner !== undefined && isRunning(holder.owner);
}

function isPassing({ entries }: Journal): boolean {
  const container = processOf(entries);
  return !container || !isRunning(container);
}

type ClaimAttempt =
  /** isLeft: a killed process left it. */
  | { readonly state: "taken"; readonly fd: number; readonly isLeft: boolean }
  | { readonly state: "held"; readonly holder: Journal | undefined };

function tryClaim(shim: Shim, opened: OpenLock | undefined, path: string): ClaimAttempt {
  if (!opened) return { state: "held", holder: undefined };
  const { fd, isNew } = opened;
  let taken = false;
  try {
    const outcome = tryLock(shim, path, fd);
    taken = outcome.state === "taken";
    if (taken) noteOwn(path);
    if (outcome.state === "taken") return { state: "taken", fd, isLeft: !isNew || outcome.bytes > 0 };
    return { state: "held", holder: outcome.state === "held" ? readJournal(fd, path) : undefined };
  } finally {
    if (!taken) closeSync(fd);
  }
}

async function recovered(shim: Shim, held: Claim, isLeft: boolean): Promise<Claim> {
  try {
    if (isLeft) await recover(shim, held.places, held.fd);
    return held;
  } catch (error) {
    abandon(held);
    throw leftBehind(held.name, error);
  }
}

/** Records the owner of the name and what to undo when it is released, before any of it is made. */
export function begin(held: Claim, entries: readonly Entry[], record?: ContainerRecord): void {
  appendLines(held.fd, [...ownerLines(), ...(record ? [{ record }] : []), ...entries.map((entry) => ({ entry }))]);
  // Not before: where a full disk has no room for them, nothing of a container that is kept may be undone.
  held.entries = entries;
}

/** Records one more entry. What lasts until the removal of a kept container belongs in its record instead. */
export function hold(held: Claim, entry: Entry): void {
  held.entries = [...held.entries, entry];
  appendLines(held.fd, [{ entry }]);
}

/** Forgets entries that release() need not undo: the process ended, or a record has them now. */
export function drop(held: Claim, isDropped: (entry: Entry) => boolean): void {
  held.entries = held.entries.filter((entry) => !isDropped(entry));
}

/** Undoes what lasts until the exit; release() undoes the rest. */
export async function undoExit(shim: Shim, held: Claim): Promise<void> {
  const isOver = ({ until }: Entry) => until === "exit";
  await undoAll(shim, held.places, held.entries.filter(isOver));
  drop(held, isOver);
}

/** Undoes what is held, then releases the name. */
export async function release(shim: Shim, held: Claim): Promise<void> {
  try {
    await undoAll(shim, held.places, held.entries, held.timer);
    await timed(held.timer, "freeName", () => unlinkSync(held.places.lock));
    await tidyNames(shim, held.places.root);
  } finally {
    // If something could not be undone, the journal stays, and the next start tries again.
    abandon(held);
  }
}

/** Releases the name without undoing anything: the next process that locks it does that. */
export function abandon({ places, fd }: Claim): void {
  closeLock(places.lock, fd);
}

/** Throws Failure (exit 125) when a container that is kept has the name. */
export function refuseKept({ name, places }: Pick<Claim, "name" | "places">): void {
  if (!existsSync(places.record)) return;
  throw new Failure(`the name ${name} is in use by a container that was kept`, {
    code: "name-in-use",
    remedy: "use another name, or remove that container first",
  });
}

function inUse(name: string, holder: Journal): Failure {
  const container = processOf(holder.entries);
  const user = container && isAlive(container) ? "a running container" : `process ${holder.owner?.pid}`;
  return new Failure(`the name ${name} is in use by ${user}`, {
    code: "name-in-use",
    remedy: "use another name, or end that container first",
  });
}

function stillLocked(name: string, path: string): Failure {
  return new Failure(
    `the name ${name} is still locked ${LEFTOVER_WAIT_MS / 1000} s after the process that used it was killed`,
    { code: "name-in-use", remedy: `fuser -v ${path} shows which process holds it` },
  );
}
