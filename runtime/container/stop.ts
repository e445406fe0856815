import { resolve } from "node:path";
import { containerEvent } from "../events/container.ts";
import { Failure, type FailureCode } from "../failure.ts";
import { openShim, type Shim } from "../host/shim.ts";
import type { Life } from "../spec/life.ts";
import { claimWaiting, release } from "../state/claim.ts";
import { placesOf } from "../state/places.ts";
import { stateRoot } from "../state/root.ts";
import { type Found, findExisting } from "../state/status.ts";
import { hostFailure } from "./diagnose.ts";
import { endsWithin } from "./ended.ts";
import { kill, letEnd } from "./kill.ts";
import { isPausedNow, unpause } from "./pause.ts";

export interface StopOptions {
  /** Default: the container's, or else SIGTERM. */
  readonly signal?: NodeJS.Signals | undefined;
  /** Seconds until it is killed; -1: never. Default: the container's, or else 10. */
  readonly timeout?: number | undefined;
}

const TIMEOUT_USUAL = 10;
/** A monitor that is told to start it no more may just be doing so, and somebody else may start it too. */
const STARTS_MAX = 5;

/**
 * Sends a container its stop signal, kills it where that does not end it in time, and undoes what it has outside. One that is
 * not running stays as it is. Throws Failure.
 */
export async function stop(name: string, options: StopOptions = {}): Promise<void> {
  const shim = await openShim();
  const root = resolve(stateRoot());
  const { monitor, record, status } = findExisting(placesOf(root, name), name);
  letEnd(shim, monitor);
  try {
    for (let starts = 1; !(await isStopped(shim, root, name, options, starts === STARTS_MAX)); starts += 1);
    if (status.state === "running" || status.state === "restarting") containerEvent(root, "stop", record);
  } catch (error) {
    throw hostFailure(error);
  }
}

/** Ends what runs; returns whether nothing was started meanwhile. */
async function isStopped(
  shim: Shim,
  root: string,
  name: string,
  options: StopOptions,
  isLast: boolean,
): Promise<boolean> {
  const found = findExisting(placesOf(root, name), name);
  if (found.status.state === "created") return true;
  await end(shim, root, name, found, options);
  try {
    // Its monitor or its starter, or what that started, is undoing the same: the name is free after whoever is quicker.
    await release(shim, await claimWaiting(shim, root, name));
    return true;
  } catch (error) {
    if (!isLast && hasCode(error, "name-in-use")) return false;
    throw error;
  }
}

async function end(shim: Shim, root: string, name: string, found: Found, options: StopOptions): Promise<void> {
  const {
    status,
    record: { life },
  } = found;
  if (status.state !== "running") return;
  const { signal, seconds } = stoppingOf(life, options);
  // One that is stopped handles no signal.
  if (isPausedNow(root, found)) await unlessEnded(unpause(name));
  await unlessEnded(kill(name, signal));
  if (!(await endsWithin(shim, status.process, seconds * 1000))) await unlessEnded(kill(name, "SIGKILL"));
}

/** By which signal, and after how many seconds it is killed; -1: never. */
export function stoppingOf(life: Life | undefined, { signal, timeout }: StopOptions) {
  return {
    signal: signal ?? (life?.stopSignal as NodeJS.Signals | undefined) ?? "SIGTERM",
    seconds: timeout ?? life?.stopTimeout ?? TIMEOUT_USUAL,
  };
}

/** It may end by itself at any moment, and others may let it go on. */
async function unlessEnded(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!hasCode(error, "container-not-running", "container-not-found", "container-paused")) throw error;
  }
}

function hasCode(error: unknown, ...codes: readonly FailureCode[]): boolean {
  return error instanceof Failure && codes.includes(error.code);
}
