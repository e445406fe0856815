import { closeSync, fstatSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "./event.ts";

/*
 * The log of events: one JSON object a line, appended by whoever changes something, before it is changed, and by a container's
 * monitor. So what a record shows has an event, whatever was killed; of a change that was cut short there may be one as well.
 */

/** Then the older half is forgotten: there is one older file. native/monitor/event.c has the same. */
const LOG_BYTES_MAX = 4 << 20;

/** `root`: the state directory. */
export function eventLog(root: string): string {
  return join(root, "events");
}

/** Where there is no room for it, it is not recorded: that must not keep anything from being removed. */
export function recordEvent(root: string, event: Omit<Event, "time">): void {
  try {
    append(eventLog(root), `${JSON.stringify({ time: Date.now(), ...event })}\n`);
  } catch {
    // Nobody waits for it, and what comes next says what is wrong.
  }
}

/** All in one write, so that lines of several writers do not mix. */
function append(path: string, line: string): void {
  const fd = openSync(path, "a", 0o600);
  try {
    writeSync(fd, line);
    const { size, ino } = fstatSync(fd);
    if (size > LOG_BYTES_MAX && statSync(path).ino === ino) renameSync(path, `${path}.1`);
  } finally {
    closeSync(fd);
  }
}
