import { watch } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { type LogFile, openIfThere, openLog } from "../container/log/files.ts";
import { makeDirectory } from "../host/make-directory.ts";
import { parseJson } from "../shape.ts";
import { type Event, isEvent } from "./event.ts";
import { eventLog } from "./record.ts";

export interface Period {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Without it, there is no end. */
  readonly until: number | undefined;
}

/** Calls `use` with each event of the period, those to come as they happen. Ends with the period. */
export async function readEvents(root: string, period: Period, use: (event: Event) => void): Promise<void> {
  makeDirectory(root);
  const log = new EventLog(root, (event) => {
    if (event.time >= period.since && (period.until === undefined || event.time <= period.until)) use(event);
  });
  try {
    await log.follow(period.until);
  } finally {
    log.close();
  }
}

/** Those that the log still has, the oldest first. */
export function pastEvents(root: string): Event[] {
  const events: Event[] = [];
  const log = new EventLog(root, (event) => void events.push(event));
  try {
    log.readAll();
    return events;
  } finally {
    log.close();
  }
}

/** The longest that Node.js waits for. */
const TIMEOUT_MAX_MS = 2 ** 31 - 1;

class EventLog {
  readonly #root: string;
  readonly #path: string;
  readonly #use: (event: Event) => void;
  readonly #names = new Map<string, string>();
  #file: LogFile | undefined;

  constructor(root: string, use: (event: Event) => void) {
    this.#root = root;
    this.#path = eventLog(root);
    this.#use = use;
  }

  /** An event of the directory is a hint: each time, all that is new is read. */
  async follow(until: number | undefined): Promise<void> {
    const failed = new AbortController();
    const watcher = watch(this.#root, () => {
      try {
        this.#readNew();
      } catch (error) {
        watcher.close();
        failed.abort(error);
      }
    });
    try {
      this.readAll();
      await reached(until, failed.signal);
      failed.signal.throwIfAborted();
      this.#readNew();
    } finally {
      watcher.close();
    }
  }

  close(): void {
    this.#file?.close();
  }

  readAll(): void {
    for (const file of openLog(this.#path)) {
      this.#file?.close();
      this.#file = file;
      this.#readFile();
    }
    this.#readNew();
  }

  #readNew(): void {
    this.#file ??= openIfThere(this.#path);
    this.#readFile();
    while (this.#file?.isRotated(this.#path)) {
      // What was written before the rename.
      this.#readFile();
      this.#file.close();
      this.#file = openIfThere(this.#path);
      this.#readFile();
    }
  }

  #readFile(): void {
    this.#file?.readLines((bytes) => {
      // A full disk may have cut one short, which the next one then follows.
      for (const text of bytes.toString().split(/(?=\{"time":)/)) this.#pass(parseJson(text));
    });
  }

  /** A monitor does not know that its container was renamed. */
  #pass(event: unknown): void {
    if (!isEvent(event)) return;
    const { id, action, attributes } = event;
    if (action === "rename" && attributes["name"] !== undefined) this.#names.set(id, attributes["name"]);
    const name = this.#names.get(id);
    this.#use(name === undefined ? event : { ...event, attributes: { ...attributes, name } });
  }
}

/** Returns when that time has come, or at `signal`. */
async function reached(until: number | undefined, signal: AbortSignal): Promise<void> {
  for (let left = leftOf(until); left > 0 && !signal.aborted; left = leftOf(until))
    await setTimeout(Math.min(left, TIMEOUT_MAX_MS), undefined, { signal }).catch(() => {});
}

function leftOf(until: number | undefined): number {
  return until === undefined ? TIMEOUT_MAX_MS : until - Date.now();
}
