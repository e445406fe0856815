import type { Report } from "./events.ts";

/** One JSON object a line on standard output. */
export function jsonReport({ stdout }: { readonly stdout: NodeJS.WritableStream }): Report {
  return (event) => void stdout.write(`${JSON.stringify(event)}\n`);
}
