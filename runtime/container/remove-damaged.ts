import { closeSync, openSync, unlinkSync } from "node:fs";
import { Failure } from "../failure.ts";
import { openShim, type Shim } from "../host/shim.ts";
import { endProcess } from "../resources/process.ts";
import { parseJson } from "../shape.ts";
import { nameIn } from "../state/containers.ts";
import { endFrozen, processOf, undoAll } from "../state/entry.ts";
import { type Journal, readIntact } from "../state/journal.ts";
import { awaitLock, closeLock, isMissing, openLock, tryLock } from "../state/lock.ts";
import { tidyNames } from "../state/names.ts";
import { type Places, placesOf } from "../state/places.ts";
import { isOfOtherVersion, removeRecord, removeUnfinished } from "../state/record.ts";
import { entriesOfLostJournal } from "../state/recover.ts";
import { find } from "../state/status.ts";
import { textOf } from "../state/text-of.ts";
import { letEnd } from "./kill.ts";

/**
 * Removes a container whose record or journal is damaged: ends what the intact lines of its journal name, and undoes them. False
 * if there is none of that name, or it is not damaged. Throws Failure.
 */
export async function removeDamaged(root: string, asked: string): Promise<boolean> {
  const name = nameIn(asked);
  if (name === undefined) return false;
  const places = placesOf(root, name);
  if (!isDamaged(places)) return false;
  const shim = await openShim();
  await endNamed(shim, places, intactJournal(places));
  const fd = await lock(shim, places);
  try {
    await undoAll(shim, places, [...entriesOfLostJournal(), ...intactJournal(places).entries]);
    removeUnfinished(places.record);
    removeRecord(places.record);
    unlinkSync(places.lock);
    await tidyNames(shim, root);
  } finally {
    closeLock(places.lock, fd);
  }
  return true;
}

function isDamaged(places: Places): boolean {
  // That version knows what there is to undo.
  if (isOfOtherVersion(parseJson(textOf(places.record) ?? ""))) return false;
  try {
    find(places);
    return false;
  } catch (error) {
    return error instanceof Failure && error.code === "state-damaged";
  }
}

function intactJournal({ lock }: Places): Journal {
  let fd: number;
  try {
    fd = openSync(lock, "r");
  } catch (error) {
    if (isMissing(error)) return { owner: undefined, record: undefined, entries: [] };
    throw error;
  }
  try {
    return readIntact(fd, lock);
  } finally {
    closeSync(fd);
  }
}

/** Who holds the lock lets go of it then. */
async function endNamed(shim: Shim, places: Places, { monitor, entries }: Journal): Promise<void> {
  letEnd(shim, monitor);
  const process = processOf(entries);
  if (!process) return;
  endFrozen(places, entries);
  await endProcess(shim, process);
}

async function lock(shim: Shim, { root, lock: path, name }: Places): Promise<number> {
  for (;;) {
    const opened = openLock(root, path);
    if (!opened) continue;
    await awaitLock(shim, opened.fd, path, `the container ${name}`);
    // Unless whoever had it has removed the file.
    if (tryLock(shim, path, opened.fd).state === "taken") return opened.fd;
    closeSync(opened.fd);
  }
}
