import { isOneOf, isRecordOf, isText, isWhole, parseJson } from "../shape.ts";
import { textOf } from "./text-of.ts";

/** What the health checks of a container have said since its start. */
export interface HealthState {
  readonly status: "starting" | "healthy" | "unhealthy";
  /** How many in a row have failed. */
  readonly failingStreak: number;
  /** The last ones, the newest last. */
  readonly log: readonly CheckResult[];
}

export interface CheckResult {
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  /** -1: it could not be run, or took too long. */
  readonly exitCode: number;
  readonly output: string;
}

const isLine = isRecordOf(
  { status: isOneOf("starting", "healthy", "unhealthy"), failingStreak: isWhole },
  { check: isRecordOf({ start: isWhole, end: isWhole, exitCode: isWhole, output: isText }) },
);

/** docker's. */
const SHOWN = 5;

/** A monitor has written a line at each start and after each check; there may be an older file. Undefined: it never started. */
export function readHealth(path: string): HealthState | undefined {
  const lines = [`${path}.1`, path].flatMap((one) => linesOf(one));
  const last = lines.at(-1);
  if (!last) return undefined;
  const log = lines.flatMap(({ check }) => check ?? []).slice(-SHOWN);
  return { status: last.status, failingStreak: last.failingStreak, log };
}

/** Without a line that a full disk cut short. */
function linesOf(path: string) {
  return (textOf(path) ?? "").split("\n").flatMap((text) => {
    const line = text === "" ? undefined : parseJson(text);
    return isLine(line) ? [line] : [];
  });
}
