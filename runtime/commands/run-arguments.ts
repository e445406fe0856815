import type { NamedRequest } from "../container/prepare.ts";
import { Failure } from "../failure.ts";
import { FILES_OPTIONS, filesRequest } from "./options/files.ts";
import { LIMIT_OPTIONS, limitRequest } from "./options/limits.ts";
import { NETWORK_OPTIONS, networkRequest } from "./options/network.ts";
import type { Options, Values } from "./options/option.ts";
import { parseOptions, RUN_REMEDY } from "./options/parse.ts";
import { PROCESS_OPTIONS, processRequest } from "./options/process.ts";
import { SECURITY_OPTIONS, securityRequest } from "./options/security.ts";
import { STREAMS_OPTIONS, type StreamsRequest, streamsRequest } from "./options/streams.ts";

/** In the order of the help. */
export const RUN_OPTIONS = {
  ...FILES_OPTIONS,
  ...PROCESS_OPTIONS,
  ...SECURITY_OPTIONS,
  ...NETWORK_OPTIONS,
  ...LIMIT_OPTIONS,
  ...STREAMS_OPTIONS,
  explain: { type: "boolean", describe: "print each step, the reason for it, and how long it took" },
} as const satisfies Options;

export interface RunArguments {
  readonly request: NamedRequest;
  /** undefined: as it fits what this process has. */
  readonly streams: StreamsRequest | undefined;
  readonly explain: boolean;
}

/** The arguments after `run`. Options end at NAME: what follows belongs to the command. Throws Failure for bad ones. */
export function parseRun(args: readonly string[]): RunArguments {
  const { values, rest } = parseOptions(RUN_OPTIONS, args);
  const [name, ...command] = rest;
  if (name === undefined) throw missing("the name of the container is missing");
  if (command.length === 0) throw missing("there is no command to run");
  return {
    request: { ...requestOf(values), name, args: command },
    streams: streamsRequest(values),
    explain: values.explain ?? false,
  };
}

function requestOf(values: Values<typeof RUN_OPTIONS>): Partial<NamedRequest> {
  return {
    ...filesRequest(values),
    ...processRequest(values),
    ...networkRequest(values),
    ...securityRequest(values),
    limits: limitRequest(values),
  };
}

function missing(message: string): Failure {
  return new Failure(message, { code: "usage", remedy: RUN_REMEDY });
}
