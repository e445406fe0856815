import { fstatSync } from "node:fs";
import { Writable } from "node:stream";
import { isInForeground } from "../process/foreground.ts";
import { enterRawMode, passOutput, type RawTerminal } from "../process/raw-mode.ts";
import { LineStart } from "./line-start.ts";
import { StatusLine } from "./status-line.ts";

/** Where all that devtool and its programs print goes, unless a program has the terminal for its own. */
export interface Screen {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly line?: StatusLine;
  readonly lineStart: LineStart;
  /** A program has written that to one of them. */
  passed(stream: "stdout" | "stderr", bytes: Uint8Array): void;
  /**
   * Until the returned function is called, a program elsewhere has this process's terminal: what is typed and shown passes
   * unchanged.
   */
  giveTerminal(input: RawTerminal): () => void;
}

/** This process's own streams; on a terminal with a line about what is being done, where `hasLine`. */
export function openScreen({ stdout, stderr: errors }: NodeJS.Process, hasLine: boolean): Screen {
  let isGiven = false;
  const giveTerminal = (input: RawTerminal) => {
    isGiven = true;
    const takeBack = enterRawMode(input, passOutput);
    return () => {
      takeBack();
      isGiven = false;
    };
  };
  const stderr = errors.isTTY ? withReturns(errors, () => isGiven) : errors;
  const lineStart = new LineStart();
  const isOne = isSame(stdout, errors);
  const passed: Screen["passed"] = (stream, bytes) => {
    if (isOne || stream === "stderr") lineStart.passed(bytes);
  };
  const screen = { lineStart, passed, giveTerminal };
  if (!hasLine || !mayDecorate(stdout) || !mayDecorate(errors)) return { ...screen, stdout, stderr };
  const line = new StatusLine(errors, isInForeground());
  process.once("exit", () => {
    line.pin("");
    line.show("");
  });
  return { ...screen, stdout: line.above(stdout), stderr: line.above(stderr), line };
}

/** Whether both are one terminal, file or pipe, as after `2>&1`. */
function isSame(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): boolean {
  if (stdout.isTTY || stderr.isTTY || process.platform === "win32") return stdout.isTTY && stderr.isTTY;
  const [out, errors] = [fstatSync(1), fstatSync(2)];
  return out.ino === errors.ino && out.dev === errors.dev;
}

/** Whether it is a terminal that shows more than text. https://no-color.org */
export function mayDecorate(stream: { readonly isTTY?: boolean }): boolean {
  return stream.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
}

/** A line feed alone does not begin a line where a terminal shows bytes as they are. */
function withReturns(terminal: Writable, areNeeded: () => boolean): Writable {
  const lines = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      const shown = areNeeded() ? chunk.toString("latin1").replaceAll("\n", "\r\n") : chunk;
      const isTaken = terminal.write(shown, "latin1", (error) => isTaken || done(error));
      if (isTaken) done();
    },
  });
  terminal.once("error", (error) => lines.destroy(error));
  return lines.on("error", () => {});
}
