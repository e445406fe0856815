import { Failure } from "../../failure.ts";
import type { Options, Values } from "./option.ts";

/** Which of the caller's streams the command gets, and whether on a terminal. */
export const STREAMS_OPTIONS = {
  interactive: { type: "boolean", short: "i", describe: "pass your standard input to the command" },
  tty: {
    type: "boolean",
    short: "t",
    describe: "give the command a terminal; the default where yours is not redirected",
  },
  attach: { type: "string", short: "a", multiple: true, describe: "stdin, stdout or stderr: pass only these" },
} as const satisfies Options;

export interface StreamsRequest {
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** As docker reads them; undefined when none was given. */
export function streamsRequest({
  interactive,
  tty,
  attach,
}: Values<typeof STREAMS_OPTIONS>): StreamsRequest | undefined {
  if (interactive === undefined && tty === undefined && attach.length === 0) return undefined;
  const attached = attach.map(streamName);
  const isAttached = (name: StreamName) => attached.length === 0 || attached.includes(name);
  return {
    terminal: tty ?? false,
    stdin: interactive || attached.includes("stdin"),
    stdout: isAttached("stdout"),
    stderr: isAttached("stderr"),
  };
}

type StreamName = "stdin" | "stdout" | "stderr";

function streamName(written: string): StreamName {
  const name = written.toLowerCase();
  if (name === "stdin" || name === "stdout" || name === "stderr") return name;
  throw new Failure(`-a takes stdin, stdout or stderr, not ${JSON.stringify(written)}`, { code: "usage" });
}
