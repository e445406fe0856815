import { containerEvent } from "../events/container.ts";
import { isAlive } from "../host/process.ts";
import { openShim, type Shim } from "../host/shim.ts";
import { signalNumber } from "../host/signals.ts";
import { SIGNAL } from "../linux.ts";
import { endFrozen } from "../state/entry.ts";
import { type Handle, lookAtExisting } from "../state/handle.ts";
import { placesAt } from "../state/places.ts";
import type { Found } from "../state/status.ts";
import { unlessChanged } from "./meanwhile.ts";
import { letStart } from "./pause.ts";
import { endsSoon, endsWithin } from "./process/ended.ts";
import { deliver, killIfDropped } from "./process/signals.ts";
import { awaitStart, notRunning } from "./running/running.ts";

/**
 * What asks a program to end, for which pid 1 is killed where it does not handle it. Any other is sent as it is, as docker does:
 * then the kernel drops it.
 */
const ENDING: readonly NodeJS.Signals[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGKILL"];
/** How long the monitor of one that does not run usually takes to end. */
const RESTARTS_END_MS = 1000;
/** No fork(3) blocks signals for so long. */
const BLOCKED_MS = 50;
const THAW_EVERY_MS = 50;
const THAWS_MAX = 100;

/**
 * Sends a signal to a container that any process started: one that asks for its end as Container.kill does. After SIGKILL or its stop signal, no restart
 * policy starts it again, also where it is waiting for that. One that is being started gets it once its command runs: who starts it would not know why it ended.
 * Throws Failure if it is not running.
 */
export async function kill(container: Handle, signal: NodeJS.Signals): Promise<void> {
  const { name, root } = container;
  const shim = await openShim();
  const found = lookAtExisting(container);
  const { status, entries, monitor, record } = found;
  const endsRestarts = signal === "SIGKILL" || signal === record.life?.stopSignal;
  const isUp = status.state === "running" || (status.state === "restarting" && endsRestarts);
  if (!isUp) throw notRunning(name, status.state);
  if (endsRestarts) letEnd(shim, monitor);
  await unlessChanged(letStart(container, found));
  if (status.state === "restarting") return endRestarts(shim, container, { monitor, signal });
  const { process } = status;
  const pidfd = shim.pidfd(process.pid);
  try {
    // The pid may have been reused. Once the pidfd is open, the process found alive is the one that gets the signal.
    if (pidfd < 0 || !isAlive(process)) throw notRunning(name, "stopped");
    await awaitStart(process);
    containerEvent(root, "kill", record, { signal: String(signalNumber(signal)) });
    const asksForEnd = ENDING.includes(signal) || signal === record.life?.stopSignal;
    if (!asksForEnd) shim.signal(pidfd, signalNumber(signal));
    if (!asksForEnd || !(await isKilledBy(signal, shim, { pid: process.pid, pidfd }))) return;
    // One that is frozen does not end, and it may freeze itself at any moment until it has ended.
    for (let thaws = 0; thaws < THAWS_MAX && !(await endsSoon(shim, pidfd, THAW_EVERY_MS)); thaws += 1)
      endFrozen(placesAt(root, container.key), entries);
  } finally {
    if (pidfd >= 0) shim.close(pidfd);
  }
}

/** Nothing of it runs that could get a signal, unless its monitor has just started it again. */
async function endRestarts(
  shim: Shim,
  container: Handle,
  { monitor, signal }: { readonly monitor: Found["monitor"]; readonly signal: NodeJS.Signals },
): Promise<void> {
  if (monitor && !(await endsWithin(shim, monitor, RESTARTS_END_MS))) await unlessChanged(kill(container, signal));
}

/** Tells the monitor of a detached container to start it no more, whenever it ends. */
export function letEnd(shim: Shim, monitor: Found["monitor"]): void {
  if (!monitor) return;
  const pidfd = shim.pidfd(monitor.pid);
  if (pidfd < 0) return;
  // One of an older release knows the second alone.
  if (isAlive(monitor)) for (const signal of [SIGNAL.SIGUSR1, SIGNAL.SIGTERM]) shim.signal(pidfd, signal);
  shim.close(pidfd);
}

/** Sends the signal, and returns whether pid 1 was killed for it. */
async function isKilledBy(
  signal: NodeJS.Signals,
  shim: Shim,
  process: { pid: number; pidfd: number },
): Promise<boolean> {
  const delivered = deliver(shim, process, signal);
  if (delivered !== "blocked") return delivered === "killed";
  return !(await endsSoon(shim, process.pidfd, BLOCKED_MS)) && killIfDropped(shim, process, signal);
}
