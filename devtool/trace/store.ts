import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { folderName } from "../dev/lane/mirror.ts";
import { cacheDirectory } from "../process/cache-directory.ts";
import { makeDirectory } from "../process/make-directory.ts";
import { type RoundTrace, STAGES } from "./round.ts";

/** Rounds that are kept; the file has at most twice as many. */
const KEPT = 500;

/** Where a project's rounds are kept on this machine, one JSON object a line. */
export function traceFile(root: string): string {
  return join(cacheDirectory(), "traces", `${folderName(root, [root])}.jsonl`);
}

/** Keeps one more. A trace that can't be written does not end the session. */
export function keep(file: string, trace: RoundTrace): void {
  try {
    makeDirectory(dirname(file));
    appendFileSync(file, `${JSON.stringify(trace)}\n`);
  } catch {}
}

/** The last rounds, oldest first; lines that are not valid, as after a full disk, are passed over. */
export function kept(file: string): RoundTrace[] {
  const rounds = linesOf(file).flatMap(parsed);
  return rounds.slice(-KEPT);
}

/** Drops the oldest ones once there are too many. */
export function shorten(file: string): void {
  const lines = linesOf(file);
  if (lines.length < 2 * KEPT) return;
  try {
    writeFileSync(`${file}.new`, `${lines.slice(-KEPT).join("\n")}\n`);
    renameSync(`${file}.new`, file);
  } catch {}
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  } catch {
    return [];
  }
}

function parsed(line: string): RoundTrace[] {
  try {
    const trace = JSON.parse(line) as RoundTrace;
    const isValid =
      Array.isArray(trace.spans) &&
      typeof trace.total === "number" &&
      trace.spans.every(({ stage }) => STAGES.includes(stage));
    return isValid ? [trace] : [];
  } catch {
    return [];
  }
}
