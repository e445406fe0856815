import type { Writable } from "node:stream";
import { isInForeground } from "../process/foreground.ts";
import { StatusLine } from "./status-line.ts";

/** Where all that devtool and its programs print goes, unless a program has the terminal for its own. */
export interface Screen {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly line?: StatusLine;
}

/** This process's own streams; on a terminal with a line about what is being done, where `hasLine`. */
export function openScreen({ stdout, stderr }: NodeJS.Process, hasLine: boolean): Screen {
  if (!hasLine || !mayDecorate(stdout) || !mayDecorate(stderr)) return { stdout, stderr };
  const line = new StatusLine(stderr, isInForeground());
  process.once("exit", () => {
    line.pin("");
    line.show("");
  });
  return { stdout: line.above(stdout), stderr: line.above(stderr), line };
}

/** Whether it is a terminal that shows more than text. https://no-color.org */
export function mayDecorate(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}
