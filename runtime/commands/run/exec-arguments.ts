import { Failure } from "../../failure.ts";
import type { ExecRequest } from "../../spec/exec.ts";
import { readEnvironmentFile } from "../options/line-file.ts";
import type { Options } from "../options/option.ts";
import { parseOptions, type Usage, usageRemedy } from "../options/parse.ts";
import { STREAMS_OPTIONS, type StreamsRequest, streamsRequest } from "../options/streams.ts";

const USAGE: Usage = {
  command: "exec",
  synopsis: "[OPTION…] NAME CMD [ARG…]",
  unavailable: { "detach-keys": "all keys are the command's: exec -d leaves it running" },
};

/** In the order of the help. */
export const EXEC_OPTIONS = {
  interactive: STREAMS_OPTIONS.interactive,
  tty: STREAMS_OPTIONS.tty,
  detach: { type: "boolean", short: "d", describe: "leave the command running, without input and output" },
  user: {
    type: "string",
    emptyIsUnset: true,
    short: "u",
    describe: "UID[:GID], numbers or names of the container; default: the container's",
  },
  workdir: {
    type: "string",
    emptyIsUnset: true,
    short: "w",
    describe: "directory the command starts in; default: the container's",
  },
  env: { type: "string", short: "e", multiple: true, describe: "K=V, or K for the value in your environment" },
  "env-file": { type: "string", multiple: true, describe: "file of lines K=V or K; -e counts more" },
  privileged: { type: "boolean", describe: "all capabilities; the container's other limits stay" },
  explain: { type: "boolean", describe: "print each step, the reason for it, and how long it took" },
} as const satisfies Options;

export interface ExecArguments {
  readonly name: string;
  readonly request: ExecRequest;
  /** undefined: as it fits what this process has. */
  readonly streams: StreamsRequest | undefined;
  readonly detached: boolean;
  readonly explain: boolean;
}

/** The arguments after `exec`. Options end at NAME: what follows belongs to the command. Throws Failure for bad ones. */
export function parseExec(args: readonly string[]): ExecArguments {
  const { values, rest } = parseOptions(EXEC_OPTIONS, args, USAGE);
  const [name, ...command] = rest;
  if (name === undefined) throw missing("the name of the container is missing");
  if (command.length === 0) throw missing("there is no command to run");
  const { user, workdir, privileged, explain = false, detach = false } = values;
  const env = [...values["env-file"].flatMap(readEnvironmentFile), ...values.env];
  return {
    name,
    request: { args: command, env, user, cwd: workdir, privileged },
    streams: streamsRequest({ ...values, attach: [] }),
    detached: detach,
    explain,
  };
}

function missing(message: string): Failure {
  return new Failure(message, { code: "usage", remedy: usageRemedy(USAGE) });
}
