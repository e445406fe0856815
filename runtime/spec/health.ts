import { Failure } from "../failure.ts";
import { durationOf } from "./duration.ts";

/** A command that says from time to time how a container is. */
export interface Health {
  /** CMD, a program and its arguments; or CMD-SHELL and a line for a shell. */
  readonly test: readonly string[];
  /** Milliseconds, as all of these: from the end of one to the next. */
  readonly interval: number;
  /** How long one may take. */
  readonly timeout: number;
  /** How long after the start those that fail do not count, and the interval in that time. */
  readonly startPeriod: number;
  readonly startInterval: number;
  /** So many failures in a row make it unhealthy. */
  readonly retries: number;
}

/** What is asked for, in the words of docker's options; what is left out, or 0, is the image's, or else the default. */
export interface HealthRequest {
  readonly command?: string | undefined;
  readonly interval?: string | undefined;
  readonly timeout?: string | undefined;
  readonly retries?: string | undefined;
  readonly startPeriod?: string | undefined;
  readonly startInterval?: string | undefined;
  /** None, whatever the image says. */
  readonly none?: boolean | undefined;
}

/** What an image says of it, as the OCI image-spec's extension by docker has it: nanoseconds. */
export interface Healthcheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** docker's. */
const USUAL = { interval: 30_000, timeout: 30_000, startPeriod: 0, startInterval: 5000, retries: 3 };
/** What native/life.h has room for. */
const MS_MAX = 2 ** 32 - 1;
const RETRIES_MAX = 1000;
const NS_PER_MS = 1_000_000;

/** Checks the request. Throws Failure. */
export function checkHealth({ none, ...request }: HealthRequest): void {
  const { interval, timeout, startPeriod, startInterval, retries } = request;
  if (none && Object.values(request).some((value) => value !== undefined))
    throw refused("--no-healthcheck excludes the other options of health checks");
  const durations = { interval, timeout, "start-period": startPeriod, "start-interval": startInterval };
  for (const [option, written] of Object.entries(durations)) millisecondsOf(`--health-${option}`, written);
  retriesOf(retries);
}

/** Undefined: no checks. Throws Failure for options without a command. */
export function healthOf(request: HealthRequest, image: Healthcheck = {}): Health | undefined {
  checkHealth(request);
  if (request.none) return undefined;
  const test = request.command ? ["CMD-SHELL", request.command] : (image.Test ?? []);
  const isTest = (test[0] === "CMD" || test[0] === "CMD-SHELL") && test.length > 1;
  if (!isTest) {
    if (isAsked(request)) throw refused("the options of health checks need --health-cmd: the image has no check");
    return undefined;
  }
  const duration = (option: string, written: string | undefined, nanoseconds = 0) =>
    millisecondsOf(`--health-${option}`, written) || Math.min(MS_MAX, Math.ceil(nanoseconds / NS_PER_MS));
  return {
    test,
    interval: duration("interval", request.interval, image.Interval) || USUAL.interval,
    timeout: duration("timeout", request.timeout, image.Timeout) || USUAL.timeout,
    startPeriod: duration("start-period", request.startPeriod, image.StartPeriod) || USUAL.startPeriod,
    startInterval: duration("start-interval", request.startInterval, image.StartInterval) || USUAL.startInterval,
    retries: retriesOf(request.retries) || image.Retries || USUAL.retries,
  };
}

/** The same as an image would say it. */
export function healthcheckOf({ test, interval, timeout, startPeriod, startInterval, retries }: Health) {
  return {
    Test: test,
    Interval: interval * NS_PER_MS,
    Timeout: timeout * NS_PER_MS,
    StartPeriod: startPeriod * NS_PER_MS,
    StartInterval: startInterval * NS_PER_MS,
    Retries: retries,
  } as const satisfies Healthcheck;
}

function isAsked({ none: _, ...request }: HealthRequest): boolean {
  return Object.values(request).some((value) => value !== undefined);
}

function millisecondsOf(option: string, written: string | undefined): number {
  if (written === undefined) return 0;
  const milliseconds = durationOf(written);
  // Less than the least of docker's.
  if (milliseconds !== undefined && milliseconds <= MS_MAX && (milliseconds === 0 || milliseconds >= 1))
    return Math.round(milliseconds);
  throw refused(`${option} takes a duration from 1ms on, such as 30s or 1m30s, not ${JSON.stringify(written)}`);
}

function retriesOf(written: string | undefined): number {
  if (written === undefined) return 0;
  if (/^\d{1,4}$/.test(written) && Number(written) <= RETRIES_MAX) return Number(written);
  throw refused(`--health-retries takes a number up to ${RETRIES_MAX}, not ${JSON.stringify(written)}`);
}

function refused(message: string): Failure {
  return new Failure(message, { code: "usage", remedy: "see tinydocker run --help" });
}
