import type { LifeAsked } from "../../container/request/image-defaults.ts";
import type { NamedRequest } from "../../container/request/prepare.ts";
import { Failure } from "../../failure.ts";
import { checkHealth } from "../../spec/health.ts";
import { lifeOf } from "../../spec/life.ts";
import { checkedName } from "../../spec/name.ts";
import { type ContainerRecord, newId } from "../../state/record.ts";
import { FILES_OPTIONS, filesRequest } from "../options/files.ts";
import { HEALTH_NEEDS_LIFE, HEALTH_OPTIONS, healthRequest } from "../options/health.ts";
import { LIFE_OPTIONS, lifeRequest } from "../options/life.ts";
import { LIMIT_OPTIONS, limitRequest } from "../options/limits.ts";
import { readEnvironmentFile } from "../options/line-file.ts";
import { NETWORK_OPTIONS, networkRequest } from "../options/network.ts";
import type { Options, Values } from "../options/option.ts";
import { parseOptions, RUN_USAGE, type Usage, usageRemedy } from "../options/parse.ts";
import { PROCESS_OPTIONS, processRequest } from "../options/process.ts";
import { SECURITY_OPTIONS, securityRequest } from "../options/security.ts";
import { STREAMS_OPTIONS, type StreamsRequest, streamsRequest } from "../options/streams.ts";

/** In the order of the help. */
export const RUN_OPTIONS = {
  ...FILES_OPTIONS,
  ...PROCESS_OPTIONS,
  ...SECURITY_OPTIONS,
  ...NETWORK_OPTIONS,
  ...LIMIT_OPTIONS,
  ...STREAMS_OPTIONS,
  name: {
    type: "string",
    describe: "in place of NAME; then IMAGE comes first, with or without a tag: run --name NAME IMAGE [CMD]",
  },
  cidfile: { type: "string", emptyIsUnset: true, describe: "write its id to this file, which must not exist" },
  ...LIFE_OPTIONS,
  ...HEALTH_OPTIONS,
  rm: { type: "boolean", describe: "remove it when its command ends; without -d always" },
  explain: { type: "boolean", describe: "print each step, the reason for it, and how long it took" },
} as const satisfies Options;

export interface RunArguments {
  readonly request: NamedRequest;
  /** undefined: as it fits what this process has. */
  readonly streams: StreamsRequest | undefined;
  readonly explain: boolean;
  /** Gets the id. */
  readonly idFile: string | undefined;
  readonly pull: PullFirst;
  /** Of a container that stays when this program ends. */
  readonly detached: Detached | undefined;
  /** Options that were given, and that only a container which stays has. */
  readonly needingLife: readonly string[];
}

export interface Detached extends LifeAsked {
  readonly remove: ContainerRecord["remove"];
}

/** Whether an image is fetched before the start, and whether that prints nothing. */
export interface PullFirst {
  readonly policy: (typeof PULL_POLICIES)[number];
  readonly isQuiet: boolean;
}

export const PULL_POLICIES = ["always", "missing", "never"] as const;

/**
 * The arguments after `run`. Options end at NAME: what follows belongs to the command, which begins with the image if that word
 * can only be one. With --name they are docker's: what follows the options is the image; so they are without one, if the first
 * word can only be an image, and the container gets a name of its own. --image names it in either order.
 * Throws Failure for bad ones.
 */
export function parseRun(args: readonly string[]): RunArguments {
  const given = parseOptions(RUN_OPTIONS, args);
  if (given.values.detach && given.values.attach.length > 0) throw attachesNone();
  return argumentsOf(given, RUN_USAGE);
}

/** The same after `create`, as if -d was given. As with docker, -a has no effect: start -a attaches. */
export function parseCreate(args: readonly string[]): RunArguments {
  return argumentsOf(parseOptions(RUN_OPTIONS, ["--detach", ...args], CREATE_USAGE), CREATE_USAGE);
}

const CREATE_USAGE: Usage = { ...RUN_USAGE, command: "create" };

interface Given {
  readonly values: Values<typeof RUN_OPTIONS>;
  readonly rest: readonly string[];
}

function argumentsOf({ values, rest }: Given, usage: Usage): RunArguments {
  const { name, image, command } = wordsOf(values, rest, usage);
  const { entrypoint } = values;
  if (values.rm === false && !values.detach) throw alwaysRemoved();
  const isOwn = image === undefined || image === HOST_IMAGE;
  if (isOwn && command.length === 0 && !entrypoint) throw noCommand(usage, image === undefined ? name : undefined);
  const env = [...values["env-file"].flatMap(readEnvironmentFile), ...values.env];
  return {
    // Checked here, before an image is fetched for it.
    request: { ...requestOf(values), env, name: checkedName("container", name), image, entrypoint, args: command },
    streams: streamsRequest(values),
    explain: values.explain ?? false,
    idFile: values.cidfile,
    ...livingOf(values),
    pull: { policy: policyOf(values.pull), isQuiet: values.quiet ?? false },
  };
}

function policyOf(asked = "missing"): PullFirst["policy"] {
  const policy = PULL_POLICIES.find((one) => one === asked);
  if (policy) return policy;
  throw new Failure(`--pull is always, missing or never, not ${JSON.stringify(asked)}`, { code: "usage" });
}

/** It has no command of its own. */
export const HOST_IMAGE = "host";

interface Words {
  readonly name: string;
  readonly image: string | undefined;
  readonly command: readonly string[];
}

function wordsOf({ name, image }: Given["values"], rest: readonly string[], usage: Usage): Words {
  if (name !== undefined) return image === undefined ? dockersOrder(name, rest, usage) : { name, image, command: rest };
  const [first, ...command] = rest;
  if (first === undefined) throw missing(usage, "the name of the container is missing");
  if (image !== undefined) return { name: first, image, command };
  if (isTagged(first)) return dockersOrder(nameFor(first), rest, usage);
  return isTagged(command[0]) ? dockersOrder(first, command, usage) : { name: first, image, command };
}

function dockersOrder(name: string, [image, ...command]: readonly string[], usage: Usage): Words {
  if (image !== undefined) return { name, image, command };
  throw missing(usage, "the image is missing: with --name it comes before the command, as with docker");
}

/** NAME:TAG or NAME@ALGORITHM:HEX. By its form alone, whatever this machine has: a program's name with a colon needs a path. */
function isTagged(word = ""): boolean {
  return word.includes(":") && !/^[./]/.test(word);
}

/** `debian-3f9a1c` for `docker.io/library/debian:13`. */
function nameFor(image: string): string {
  const [, repository = ""] = /([^/:@]*)(?::[^/@]*)?(?:@.*)?$/.exec(image) ?? [];
  const start = repository.replace(/^[^a-zA-Z0-9]+/, "").slice(0, NAME_START_MAX);
  return `${start || "container"}-${newId().slice(0, 6)}`;
}

/** Room for the rest, in a name of at most 64 characters. */
const NAME_START_MAX = 57;

/** Also without -d, bad values are refused. */
function livingOf(values: Values<typeof RUN_OPTIONS>): Pick<RunArguments, "detached" | "needingLife"> {
  const detached = detachedOf(values);
  if (values.detach) return { detached, needingLife: [] };
  if (detached.life.restart.name !== "no") throw restartsAttached();
  return { detached: undefined, needingLife: NEEDING_LIFE.filter((name) => (values[name]?.length ?? 0) > 0) };
}

const NEEDING_LIFE = ["stop-signal", "stop-timeout", "label", "label-file", "log-opt", ...HEALTH_NEEDS_LIFE] as const;

function restartsAttached(): Failure {
  return new Failure("the option --restart needs -d: without it, the container ends with tinydocker run", {
    code: "usage",
    remedy: "run it with -d, and tinydocker logs -f NAME shows what it prints",
  });
}

function detachedOf(values: Values<typeof RUN_OPTIONS>): Detached {
  const life = lifeOf({ ...lifeRequest(values), stdinOpen: values.interactive });
  const asked = { life, hasStopSignal: values["stop-signal"] !== undefined, health: healthRequest(values) };
  checkHealth(asked.health);
  if (!values.rm) return { ...asked, remove: "on request" };
  if (life.restart.name === "no") return { ...asked, remove: "at exit" };
  throw new Failure("--restart and --rm exclude each other: what is removed can't be started again", { code: "usage" });
}

function attachesNone(): Failure {
  return new Failure("-a and -d exclude each other: with -d no stream of the command is passed", {
    code: "usage",
    remedy: "leave -a out, and tinydocker logs -f NAME or attach NAME shows what it prints",
  });
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

/** `first`: the only word, which may have been meant for an image. */
function noCommand(usage: Usage, first: string | undefined): Failure {
  const remedy = first === undefined ? "" : `; for the image ${first}: tinydocker ${usage.command} ${first}:latest`;
  return missing(usage, "there is no command to run", remedy);
}

function missing(usage: Usage, message: string, more = ""): Failure {
  return new Failure(message, { code: "usage", remedy: `${usageRemedy(usage)}${more}` });
}
