import { readdirSync, readlinkSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { isProcessIdentity, isRunning, thisProcess } from "../host/process.ts";
import { parseJson } from "../shape.ts";
import { isMissing } from "./lock.ts";
import type { Places } from "./places.ts";
import { newId } from "./record.ts";

/*
 * A command that restarts a container which is removed at its exit says so beforehand, by a symbolic link whose text is that
 * command's process. While it runs, the container outlives its own end, whoever undoes that; once it was killed, it does not.
 */

const PREFIX = "restart.";

/** Returns what takes it back. */
export function noteRestart({ monitor }: Pick<Places, "monitor">): () => void {
  const path = join(monitor, `${PREFIX}${newId()}`);
  // One that was never started has no end that could remove it.
  unlessMissing(() => symlinkSync(JSON.stringify(thisProcess()), path));
  return () => unlessMissing(() => unlinkSync(path));
}

export function isBeingRestarted({ monitor }: Pick<Places, "monitor">): boolean {
  const names = unlessMissing(() => readdirSync(monitor)) ?? [];
  return names.some((name) => name.startsWith(PREFIX) && isNotedByRunning(join(monitor, name)));
}

function isNotedByRunning(path: string): boolean {
  const process = parseJson(unlessMissing(() => readlinkSync(path)) ?? "");
  return isProcessIdentity(process) && isRunning(process);
}

function unlessMissing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!isMissing(error)) throw error;
    return undefined;
  }
}
