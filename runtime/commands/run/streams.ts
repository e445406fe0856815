import { openSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { isInForeground, isTerminal } from "../../host/terminal.ts";
import type { StreamsRequest } from "../options/streams.ts";

export interface Streams {
  /** The command gets a terminal of its own, which is copied to and from `stdio`. */
  readonly terminal: boolean;
  readonly stdio: readonly [stdin: number, stdout: number, stderr: number];
  /** Keys are the container's: the caller's terminal passes them on as they are. */
  readonly raw: boolean;
}

/** Throws Failure for a terminal without one of the caller's. */
export function streamsFor(asked: StreamsRequest | undefined): Streams {
  return asked ? streamsAsked(asked) : automaticStreams();
}

/** A terminal unless one of the three is redirected, or the terminal belongs to another program now. */
function automaticStreams(): Streams {
  const foreground = isInForeground();
  const terminal = foreground && [0, 1, 2].every((fd) => isTerminal(fd));
  // A program in the background may not read from the terminal.
  const stdin = foreground || !isTerminal(0) ? 0 : nothing();
  return { terminal, stdio: [stdin, 1, 2], raw: terminal };
}

function streamsAsked({ terminal, stdin, stdout, stderr }: StreamsRequest): Streams {
  if (terminal && stdin && !isTerminal(0)) {
    throw new Failure("-i and -t are given, and standard input is not a terminal", {
      code: "usage",
      remedy: "leave -t out to pass it as it is, or -i to pass none",
    });
  }
  const stdio = [stdin ? 0 : nothing(), stdout ? 1 : nothing(), stderr ? 2 : nothing()] as const;
  return { terminal, stdio, raw: terminal && stdin };
}

function nothing(): number {
  return openSync("/dev/null", "r+");
}
