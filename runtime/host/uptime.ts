/** Milliseconds that never go back or jump, unlike those of the clock: for deadlines. */
export function uptime(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1_000_000;
}
