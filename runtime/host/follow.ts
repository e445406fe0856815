import { closeSync, readSync } from "node:fs";
import { constants } from "node:os";
import { decodeEvent, EVENT_BYTES, type ShimEvent } from "./events.ts";

const EVENTS_AT_ONCE = 16;
const POLL_MS = 1;

/**
 * Reads the events of a detached container from its monitor's socket, and closes that after the one that says that the command
 * runs, or that the container has ended. By looking now and then, for the few milliseconds: node:net takes 4 ms to load, and
 * fs.read needs threads, for lack of which Node.js would abort.
 */
export function follow(socket: number, listener: (event: ShimEvent) => void): void {
  const bytes = Buffer.alloc(EVENT_BYTES * EVENTS_AT_ONCE);
  let length = 0;
  const end = (event: ShimEvent) => {
    closeSync(socket);
    listener(event);
  };
  const look = () => {
    const count = readNow(socket, bytes.subarray(length));
    // The monitor was killed, and the container with it.
    if (count === 0)
      return end({ container: socket, kind: "exited", exitCode: null, signal: constants.signals.SIGKILL });
    length += count ?? 0;
    for (let at = 0; at + EVENT_BYTES <= length; at += EVENT_BYTES) {
      const event = decodeEvent(bytes.subarray(at, at + EVENT_BYTES));
      if (event.kind === "signal") continue;
      if (event.kind === "executed" || event.kind === "exited") return end(event);
      listener(event);
    }
    const whole = length - (length % EVENT_BYTES);
    bytes.copyWithin(0, whole, length);
    length -= whole;
    setTimeout(look, POLL_MS);
  };
  // After the code that waits for the events.
  setImmediate(look);
}

/** Undefined: nothing so far. 0: there is nothing more. */
function readNow(socket: number, bytes: Buffer): number | undefined {
  try {
    return readSync(socket, bytes);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EAGAIN" ? undefined : 0;
  }
}
