import type { NamedRequest } from "../container/prepare.ts";
import { Failure } from "../failure.ts";
import { readEnvironmentFile } from "./environment-file.ts";
import { FILES_OPTIONS, filesRequest } from "./options/files.ts";
import { LIMIT_OPTIONS, limitRequest } from "./options/limits.ts";
import { NETWORK_OPTIONS, networkRequest } from "./options/network.ts";
import type { Options, Values } from "./options/option.ts";
import { parseOptions, RUN_USAGE, usageRemedy } from "./options/parse.ts";
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
  name: { type: "string", describe: "in place of NAME" },
  rm: { type: "boolean", describe: "always: a container is removed when its command ends" },
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
  const [name, ...command] = values.name === undefined ? rest : [values.name, ...rest];
  // An empty one means in docker that the image's own does not apply.
  const argv = values.entrypoint ? [values.entrypoint, ...command] : command;
  if (name === undefined) throw missing("the name of the container is missing");
  if (argv.length === 0) throw missing("there is no command to run");
  if (values.rm === false) throw alwaysRemoved();
  const env = [...values["env-file"].flatMap(readEnvironmentFile), ...values.env];
  return {
    request: { ...requestOf(values), env, name, args: argv },
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

function alwaysRemoved(): Failure {
  return new Failure("a container is always removed when its command ends: there is no --rm=false", {
    code: "usage",
    remedy: "keep what it writes in a directory of this machine: -v ./data:/data",
  });
}

function missing(message: string): Failure {
  return new Failure(message, { code: "usage", remedy: usageRemedy(RUN_USAGE) });
}
