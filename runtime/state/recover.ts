import { closeSync, ftruncateSync, unlinkSync } from "node:fs";
import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { cgroupPlaces } from "../host/cgroup/hierarchies.ts";
import { isNoSpace } from "../host/errno.ts";
import { isSame, type ProcessIdentity } from "../host/process.ts";
import type { Shim } from "../host/shim.ts";
import { directory } from "../resources/directory.ts";
import { type Entry, entry, processOf, undoAll } from "./entry.ts";
import { exitNow, readExit } from "./exit.ts";
import { type Journal, readJournal } from "./journal.ts";
import { isOwn, lockedKeys, openExistingLock, tryLock } from "./lock.ts";
import { tidyNames } from "./names.ts";
import { lockPath, type Places, placesAt } from "./places.ts";
import { type ContainerRecord, isKept, readRecord, removeRecord, removeUnfinished, writeRecord } from "./record.ts";
import { isBeingRestarted } from "./restarts.ts";

/*
 * A process that changes a container holds the lock on its name. The lock file is the journal of what to undo if that
 * process is killed, and is removed when there is nothing to undo. So a lock file that nobody has locked was left by a
 * killed process: the next one to lock it undoes what lasts until the exit, and what lasts until the removal only if no
 * record says that the container is kept.
 */

/** Undoes what a killed holder of the name left, and empties the journal. */
export async function recover(shim: Shim, places: Places, fd: number): Promise<void> {
  const journal = readJournal(fd, places.lock);
  const record = readRecord(places.record) ?? restartedRecord(places, journal);
  const kept = isKept(record, journal.entries) || (record !== undefined && isBeingRestarted(places));
  const held = journal.entries.length > 0 ? journal.entries : entriesOfLostJournal();
  const entries = record && !kept ? [...record.entries, ...held] : held;
  const made = record ?? journal.record;
  const lost = made && lostProcess(places, made, entries);
  await undoAll(
    shim,
    places,
    entries.filter(({ until }) => until === "exit" || !kept),
  );
  removeUnfinished(places.record);
  if (made && lost) containerEvent(places.root, "die", { ...made, name: places.name });
  if (record && kept && lost) writeRecord(places.record, { ...record, exit: exitNow("unknown", lost) });
  if (!kept) removeRecord(places.record);
  if (made && !kept) containerEvent(places.root, "destroy", { ...made, name: places.name });
  ftruncateSync(fd);
}

/** It was to be removed at its exit, and is left for the command that restarts it: its record gets a file. */
function restartedRecord(places: Places, { record, entries }: Journal): ContainerRecord | undefined {
  if (!record || !isBeingRestarted(places)) return undefined;
  const restarted = { ...record, entries: entries.filter(({ until }) => until === "removal") };
  writeRecord(places.record, restarted);
  return restarted;
}

/** A lost journal: if its writer was killed before the first line, nothing exists; if the machine lost power, all may. */
export function entriesOfLostJournal(): Entry[] {
  return [
    entry(directory("work"), "exit"),
    entry(directory("upper"), "removal"),
    entry(directory("monitor"), "removal"),
    entry({ kind: "cgroups", places: cgroupPlaces() }, "exit"),
  ];
}

/** The command ran, and the process that waited for it was killed before it recorded the exit. */
function lostProcess(places: Places, record: ContainerRecord, entries: readonly Entry[]): ProcessIdentity | undefined {
  const process = processOf(entries);
  const recorded = [record.exit, record.life && readExit(places.exit)];
  const isRecorded = process && recorded.some((exit) => exit?.process && isSame(process, exit.process));
  return isRecorded ? undefined : process;
}

/** Undoes what killed runs left behind, except of the container with that key. Returns what could not be undone, which need not stop this run. */
export async function sweep(shim: Shim, root: string, except: string): Promise<Failure[]> {
  const failures: Failure[] = [];
  for (const key of lockedKeys(root)) {
    if (key === except || isOwn(lockPath(root, key))) continue;
    const places = placesAt(root, key);
    try {
      await sweepKey(shim, places);
    } catch (error) {
      failures.push(leftBehind(places.name, error));
    }
  }
  await tidyNames(shim, root);
  return failures;
}

async function sweepKey(shim: Shim, places: Places): Promise<void> {
  const fd = openExistingLock(places.lock);
  // Another start was quicker.
  if (fd === undefined) return;
  try {
    const outcome = tryLock(shim, places.lock, fd);
    if (outcome.state !== "taken") return;
    await recover(shim, places, fd);
    unlinkSync(places.lock);
  } finally {
    closeSync(fd);
  }
}

export function leftBehind(name: string, cause: unknown): Failure {
  const why = cause instanceof Error ? cause.message : String(cause);
  const isFull = isNoSpace(cause);
  const remedy = cause instanceof Failure ? cause.remedy : isFull ? "free some space there" : undefined;
  return new Failure(`can't clean up what a killed run of the container ${name} left: ${why}`, {
    code: cause instanceof Failure ? cause.code : isFull ? "no-space" : "cleanup-failed",
    ...(remedy === undefined ? {} : { remedy }),
    cause,
  });
}
