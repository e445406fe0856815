import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { openShim, type Shim } from "../host/shim.ts";
import type { Life } from "../spec/life.ts";
import { type Claim, claimAgain, release } from "../state/claim.ts";
import { type Handle, lookAt } from "../state/handle.ts";
import type { Found } from "../state/status.ts";
import { type Part, type Timer, timed } from "../state/timed.ts";
import { hostFailure } from "./failure/diagnose.ts";
import { kill, letEnd } from "./kill.ts";
import { unlessChanged } from "./meanwhile.ts";
import { isPausedNow, letStart, unpause } from "./pause.ts";
import { endsWithin } from "./process/ended.ts";

export interface StopOptions {
  /** Default: the container's, or else SIGTERM. */
  readonly signal?: NodeJS.Signals | undefined;
  /** Seconds until it is killed; -1: never. Default: the container's, or else 10. */
  readonly timeout?: number | undefined;
  readonly timer?: Timer | undefined;
}

const TIMEOUT_USUAL = 10;
/** So often others may start it again meanwhile, each of whom has said so to its user. */
const STARTS_MAX = 100;

/**
 * Sends a container its stop signal, kills it where that does not end it in time, and undoes what it has outside. One that is
 * not running stays as it is. Throws Failure.
 */
export async function stop(container: Handle, options: StopOptions = {}): Promise<void> {
  const found = lookAt(container);
  if (found?.status.state === "created") return;
  const shim = await openShim();
  const held = await stopAndClaim(shim, container, options);
  if (found) tellStopped(container, found);
  if (held) await release(shim, held);
}

/** `found`: what it was before. */
export function tellStopped({ root }: Handle, { record, status }: Found): void {
  if (status.state === "running" || status.state === "restarting") containerEvent(root, "stop", record);
}

/** The same, and locks it then, so that nobody else starts it. Undefined for one that was removed, as at its end. Throws Failure. */
export async function stopAndClaim(shim: Shim, container: Handle, options: StopOptions): Promise<Claim | undefined> {
  try {
    for (let starts = 1; ; starts += 1) {
      const held = await endAndClaim(shim, container, options);
      if (held === "started again" && starts < STARTS_MAX) continue;
      if (held === "started again") throw startedAgain(container.name);
      return held;
    }
  } catch (error) {
    throw hostFailure(error);
  }
}

/** Ends what runs of it now, and locks it unless somebody else starts it meanwhile. Undefined for one that was removed. */
export async function endAndClaim(
  shim: Shim,
  container: Handle,
  options: StopOptions,
): Promise<Claim | "started again" | undefined> {
  await end(shim, container, options);
  try {
    // Its monitor or its starter, or what that started, is undoing the same: it is free after whoever is quicker.
    const held = await timed(options.timer, "takeName", () => claimAgain(shim, container));
    if (held) held.timer = options.timer;
    return held;
  } catch (error) {
    if (!(error instanceof Failure && error.code === "name-in-use")) throw error;
    return lookAt(container) && "started again";
  }
}

async function end(shim: Shim, container: Handle, options: StopOptions): Promise<void> {
  const found = lookAt(container);
  if (!found) return;
  const { status, monitor } = found;
  const timing = <T>(part: Part, work: () => T | Promise<T>) => timed(options.timer, part, work);
  await timing("letEnd", () => letEnd(shim, monitor));
  await unlessChanged(letStart(container, found));
  if (status.state !== "running") return;
  const { signal, seconds } = stoppingOf(found.record.life, options);
  // One that is stopped handles no signal.
  if (isPausedNow(container.root, found)) await timing("thaw", () => unlessChanged(unpause(container)));
  await timing(signal === "SIGKILL" ? "killSignal" : "stopSignal", () => unlessChanged(kill(container, signal)));
  const awaited = seconds < 0 ? "awaitEndForEver" : "awaitEnd";
  if (await timing(awaited, () => endsWithin(shim, status.process, seconds * 1000))) return;
  await timing("killLate", () => unlessChanged(kill(container, "SIGKILL")));
}

/** By which signal, and after how many seconds it is killed; -1: never. */
export function stoppingOf(life: Life | undefined, { signal, timeout }: StopOptions) {
  return {
    signal: signal ?? (life?.stopSignal as NodeJS.Signals | undefined) ?? "SIGTERM",
    seconds: timeout ?? life?.stopTimeout ?? TIMEOUT_USUAL,
  };
}

function startedAgain(name: string): Failure {
  return new Failure(`the container ${name} was started again each of the ${STARTS_MAX} times that it ended`, {
    code: "limit-reached",
    remedy: "end what starts it, and stop it then",
  });
}
