import { Failure } from "../failure.ts";
import type { Health } from "./health.ts";
import { labelsOf } from "./labels.ts";
import { signalNamed } from "./signal.ts";
import { bytesOf } from "./size.ts";

export const RESTART_POLICIES = ["no", "on-failure", "always", "unless-stopped"] as const;

/** When the command is started again after its end. */
export interface RestartPolicy {
  readonly name: (typeof RESTART_POLICIES)[number];
  /** Of on-failure; 0: any number. */
  readonly maximumRetryCount: number;
}

/** How a container lives that stays when the command line ends: what its monitor and the verbs need to know of it. */
export interface Life {
  /** Its input stays open for those who attach. */
  readonly stdinOpen: boolean;
  /** Until the input of one of them ends. */
  readonly stdinOnce?: boolean;
  readonly restart: RestartPolicy;
  /** How many bytes a file of its log has at most, and how many files there are; both 0: its output is not kept. */
  readonly log: { readonly maxSize: number; readonly maxFiles: number };
  /** What stop sends. */
  readonly stopSignal: string;
  /** Seconds until stop kills it; -1: it never does. */
  readonly stopTimeout: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Without it, nobody looks how it is. */
  readonly health?: Health;
}

/** The words of `docker run`. */
export interface LifeRequest {
  readonly stdinOpen?: boolean | undefined;
  /** no, on-failure[:N], always or unless-stopped. */
  readonly restart?: string | undefined;
  /** json-file, local or none. */
  readonly logDriver?: string | undefined;
  /** KEY=VALUE each: max-size, max-file. */
  readonly logOptions?: readonly string[] | undefined;
  readonly stopSignal?: string | undefined;
  readonly stopTimeout?: string | undefined;
  /** KEY[=VALUE] each. */
  readonly labels?: readonly string[] | undefined;
}

/** Those of docker's driver `local`. */
const LOG_USUAL = { maxSize: 20 << 20, maxFiles: 5 };
/** A line is stored in parts of 32 KiB at most. */
const LOG_BYTES_MIN = 64 << 10;
const LOG_FILES_MAX = 1000;
const STOP_TIMEOUT = 10;

/** Completes and checks. Throws Failure (exit 125). */
export function lifeOf(request: LifeRequest): Life {
  return {
    stdinOpen: request.stdinOpen ?? false,
    // docker takes an empty one, too.
    restart: restartOf(request.restart || "no"),
    log: logOf(request.logDriver ?? "local", request.logOptions ?? []),
    stopSignal: checkedSignal("--stop-signal", request.stopSignal ?? "SIGTERM"),
    stopTimeout: stopTimeoutOf(request.stopTimeout),
    labels: labelsOf(request.labels ?? []),
  };
}

/** Of --restart. Throws Failure. */
export function restartOf(written: string): RestartPolicy {
  const policy = policyIn(written);
  if (policy) return policy;
  throw refused(`--restart takes no, on-failure[:N], always or unless-stopped, not ${JSON.stringify(written)}`);
}

/** docker's words of a policy; undefined for any others. */
export function policyIn(written: string): RestartPolicy | undefined {
  const [word = "", count, ...more] = written.split(":");
  const name = RESTART_POLICIES.find((one) => one === word);
  const isCounted = count === undefined || (name === "on-failure" && /^\d{1,6}$/.test(count));
  if (name === undefined || !isCounted || more.length > 0) return undefined;
  return { name, maximumRetryCount: Number(count ?? 0) };
}

/** The same words. */
export function restartText({ name, maximumRetryCount }: RestartPolicy): string {
  return maximumRetryCount > 0 ? `${name}:${maximumRetryCount}` : name;
}

const NO_LABELS = "no line of the log has labels: tinydocker inspect -f '{{json .Config.Labels}}' NAME prints them";
const NO_VARIABLES = "no line of the log has variables: tinydocker inspect -f '{{json .Config.Env}}' NAME prints them";
const NO_BUFFER = "the container waits until its output is in the log: leave it out, or write mode=blocking";
/** docker's, of its drivers of files. */
const LOG_UNAVAILABLE: ReadonlyMap<string, string> = new Map([
  ["labels", NO_LABELS],
  ["labels-regex", NO_LABELS],
  ["env", NO_VARIABLES],
  ["env-regex", NO_VARIABLES],
  ["tag", "each container has a log of its own: tinydocker inspect -f '{{.LogPath}}' NAME names it"],
  ["compress", "the older files of the log stay as they are: max-size and max-file limit them"],
  ["mode", NO_BUFFER],
  ["max-buffer-size", NO_BUFFER],
]);
/** What asks for no more than there is. */
const LOG_AS_IT_IS: readonly string[] = ["compress=false", "mode=blocking"];

function logOf(driver: string, options: readonly string[]): Life["log"] {
  if (driver === "none" && options.length === 0) return { maxSize: 0, maxFiles: 0 };
  if (driver === "none") throw refused("--log-opt can't be used with --log-driver none: nothing is kept");
  if (!LOG_DRIVERS.includes(driver)) throw noDriver(driver);
  const log = { ...LOG_USUAL };
  for (const option of options) {
    const [key = "", value = ""] = option.split(/=(.*)/s);
    if (key === "max-size") log.maxSize = logBytes(value);
    else if (key === "max-file") log.maxFiles = logFiles(value);
    else if (!LOG_AS_IT_IS.includes(option)) throw refusedLog(option, key);
  }
  return log;
}

/** docker's that keep it in files of this machine. */
const LOG_DRIVERS: readonly string[] = ["json-file", "local"];

function noDriver(driver: string): Failure {
  return new Failure(`there is no log driver ${JSON.stringify(driver)}: it is json-file, local or none`, {
    code: "usage",
    remedy: "tinydocker logs -f NAME prints what is kept, for any program that takes it",
  });
}

function refusedLog(option: string, key: string): Failure {
  const remedy = LOG_UNAVAILABLE.get(key);
  if (remedy === undefined)
    return refused(`--log-opt takes max-size=SIZE and max-file=N, not ${JSON.stringify(option)}`);
  return new Failure(`--log-opt ${key} is not available`, { code: "usage", remedy });
}

function logBytes(value: string): number {
  const bytes = bytesOf(value);
  if (bytes !== undefined && bytes >= LOG_BYTES_MIN) return bytes;
  throw refused(`--log-opt max-size is a size of at least 64k, such as 10m, not ${JSON.stringify(value)}`);
}

function logFiles(value: string): number {
  const files = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (files >= 1 && files <= LOG_FILES_MAX) return files;
  throw refused(`--log-opt max-file is a number from 1 to ${LOG_FILES_MAX}, not ${JSON.stringify(value)}`);
}

/** The name of a signal. Throws Failure. */
export function checkedSignal(option: string, written: string): string {
  const signal = signalNamed(written);
  if (signal !== undefined) return signal;
  throw refused(`${option} takes a signal, such as TERM, SIGTERM or 15, not ${JSON.stringify(written)}`);
}

/** Seconds; -1: without an end. Throws Failure. */
export function checkedTimeout(option: string, written: string): number {
  if (/^(-1|\d{1,9})$/.test(written)) return Number(written);
  throw refused(`${option} takes a number of seconds, or -1 for no end, not ${JSON.stringify(written)}`);
}

function stopTimeoutOf(written: string | undefined): number {
  return written === undefined ? STOP_TIMEOUT : checkedTimeout("--stop-timeout", written);
}

function refused(message: string): Failure {
  return new Failure(message, { code: "usage" });
}
