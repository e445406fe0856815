import { closeSync, read } from "node:fs";
import { constants } from "node:os";
import { decodeEvent, EVENT_BYTES, type ShimEvent } from "./events.ts";

const EVENTS_AT_ONCE = 16;

/**
 * Reads the events of a detached container from its monitor's socket, and closes that after the one that says that the command
 * runs, or that the container has ended. By fs.read on another thread: node:net takes 4 ms to load.
 */
export function follow(socket: number, listener: (event: ShimEvent) => void): void {
  const bytes = Buffer.alloc(EVENT_BYTES * EVENTS_AT_ONCE);
  const next = (rest: number) =>
    read(socket, bytes, rest, bytes.length - rest, null, (error, count) => {
      // The monitor was killed, and the container with it.
      const isCut = error !== null || count === 0;
      if (isCut) return end({ container: socket, kind: "exited", exitCode: null, signal: constants.signals.SIGKILL });
      const length = rest + count;
      for (let at = 0; at + EVENT_BYTES <= length; at += EVENT_BYTES) {
        const event = decodeEvent(bytes.subarray(at, at + EVENT_BYTES));
        if (event.kind === "signal") continue;
        if (event.kind === "executed" || event.kind === "exited") return end(event);
        listener(event);
      }
      const whole = length - (length % EVENT_BYTES);
      bytes.copyWithin(0, whole, length);
      next(length - whole);
    });
  const end = (event: ShimEvent) => {
    closeSync(socket);
    listener(event);
  };
  next(0);
}
