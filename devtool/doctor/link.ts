import { once } from "node:events";
import { duration, size } from "../report/amounts.ts";
import type { Check } from "../report/results.ts";
import { capture } from "../targets/capture.ts";
import type { Connection } from "../targets/target.ts";

const ROUND_TRIPS = 5;
const SLOW_ROUND_TRIP_MS = 100;
const BYTES_MAX = 32_000_000;
const SENT_FOR_MS = 1_000;
const SLOW_BYTES_PER_SECOND = 1_000_000;
const CLOCK_MS_MAX = 2_000;

/** How fast the connection is, and whether both clocks agree. */
export async function linkChecks(where: string, connection: Connection, signal: AbortSignal): Promise<Check[]> {
  const [roundTrip, speed] = [await roundTripOf(connection, signal), await speedOf(connection, signal)];
  const check = { where, needed: false };
  const offset = await clockOffset(connection, signal);
  return [
    {
      ...check,
      name: "round trip",
      ok: roundTrip < SLOW_ROUND_TRIP_MS,
      found: `${roundTrip.toFixed(1)} ms`,
      remedy: "each save takes several of them: choose a target that is nearer, or a machine here: devtool up",
    },
    {
      ...check,
      name: "throughput",
      ok: speed >= SLOW_BYTES_PER_SECOND,
      found: `${size(Math.round(speed))} per second`,
      remedy: "exclude from the sync what need not be sent: sync: { exclude: [...] } in the configuration",
    },
    {
      ...check,
      name: "clock",
      ok: offset !== undefined && Math.abs(offset) < CLOCK_MS_MAX,
      found: offset === undefined ? null : clockWords(offset),
      remedy: "make compares times of files: set it there, sudo timedatectl set-ntp true",
    },
  ];
}

function clockWords(offset: number): string {
  return `${duration(Math.abs(offset))} ${offset > 0 ? "ahead of" : "behind"} this machine's`;
}

/** The shortest of a few, of a byte that comes back. */
async function roundTripOf(connection: Connection, signal: AbortSignal): Promise<number> {
  const echo = await connection.exec(["cat"], { signal });
  echo.stderr.resume();
  const times: number[] = [];
  for (let i = 0; i <= ROUND_TRIPS; i++) {
    const started = performance.now();
    echo.stdin.write("x");
    await Promise.race([once(echo.stdout, "data"), echo.exited]);
    times.push(performance.now() - started);
  }
  echo.stdin.end();
  await echo.exited;
  return Math.min(...times.slice(1));
}

/** In bytes per second, of what is sent for a second. */
async function speedOf(connection: Connection, signal: AbortSignal): Promise<number> {
  const sink = await connection.exec(["sh", "-c", "exec cat >/dev/null"], { signal });
  for (const stream of [sink.stdout, sink.stderr]) stream.resume();
  const piece = Buffer.alloc(256 * 1024, "devtool");
  const started = performance.now();
  let bytes = 0;
  for (; bytes < BYTES_MAX && performance.now() - started < SENT_FOR_MS; bytes += piece.length) {
    if (!sink.stdin.write(piece)) await Promise.race([once(sink.stdin, "drain"), sink.exited]);
  }
  sink.stdin.end();
  await sink.exited;
  return (bytes / (performance.now() - started)) * 1000;
}

/** In milliseconds, positive where the target's is ahead; undefined where it can't be read. */
async function clockOffset(connection: Connection, signal: AbortSignal): Promise<number | undefined> {
  const before = Date.now();
  const { stdout } = await capture(connection, ["date", "+%s.%N"], { signal });
  const middle = (before + Date.now()) / 2;
  // busybox prints no parts of a second: then it is the middle of one.
  const [, seconds, parts = ".5"] = /^(\d+)(\.\d+)?/.exec(stdout.toString()) ?? [];
  return seconds === undefined ? undefined : Number(seconds + parts) * 1000 - middle;
}
