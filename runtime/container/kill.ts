import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import { isAlive } from "../host/process.ts";
import { openShim } from "../host/shim.ts";
import { thaw } from "../state/entry.ts";
import { placesOf } from "../state/places.ts";
import { stateRoot } from "../state/root.ts";
import { findExisting } from "../state/status.ts";
import { deliver } from "./signals.ts";

/** Sends a signal to a container that any process started, as Container.kill does. Throws Failure if it is not running. */
export async function kill(name: string, signal: NodeJS.Signals): Promise<void> {
  const shim = await openShim();
  const places = placesOf(resolve(stateRoot()), name);
  const { status, entries } = findExisting(places, name);
  if (status.state !== "running") throw notRunning(name, status.state);
  const { process } = status;
  const pidfd = shim.pidfd(process.pid);
  try {
    // The pid may have been reused. Once the pidfd is open, the process found alive is the one that gets the signal.
    if (pidfd < 0 || !isAlive(process)) throw notRunning(name, "stopped");
    if (deliver(shim, { pid: process.pid, pidfd }, signal)) thaw(places, entries);
  } finally {
    if (pidfd >= 0) shim.close(pidfd);
  }
}

function notRunning(name: string, state: string): Failure {
  return new Failure(`the container ${name} is not running: it is ${state}`, { code: "container-not-running" });
}
