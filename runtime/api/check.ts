import { fstatSync } from "node:fs";
import { constants } from "node:os";
import type { NamedRequest } from "../container/request/prepare.ts";
import type { Language } from "../explain/reason.ts";
import { Failure } from "../failure.ts";
import type { ExecRequest } from "../spec/exec.ts";
import type { LimitRequest } from "../spec/limits/resources.ts";
import type { MountRequests } from "../spec/mount-requests/arrange.ts";
import type { NetworkRequest } from "../spec/network.ts";
import { EXEC_REQUEST, LIMIT_LISTS, LIMITS, OPTIONS, REQUEST } from "./fields.ts";

/*
 * Checks what a caller passes, because JavaScript, or a cast, can pass anything. Each function returns complete values or
 * throws Failure; what the values mean is checked where they are used.
 */

export function checkedRequest(value: unknown): NamedRequest {
  const request = fields("start", "request", value, REQUEST);
  const { name, args, env, image, entrypoint, user, cwd, hostname, readonly } = request;
  return {
    name: text("name", name),
    args: texts("args", args),
    env: env === undefined ? [] : variables(env),
    image: text("image", image ?? "host"),
    entrypoint: optional("entrypoint", entrypoint),
    user: optional("user", user),
    cwd: optional("cwd", cwd),
    hostname: optional("hostname", hostname),
    ...checkedMounts(request),
    readonly: flag("readonly", readonly ?? false),
    network: checkedNetwork(request),
    capAdd: texts("capAdd", request["capAdd"] ?? []),
    capDrop: texts("capDrop", request["capDrop"] ?? []),
    securityOpt: texts("securityOpt", request["securityOpt"] ?? []),
    privileged: flag("privileged", request["privileged"] ?? false),
    devices: texts("devices", request["devices"] ?? []),
    sysctls: settings(request["sysctls"] ?? {}),
    pid: optional("pid", request["pid"]),
    ipc: optional("ipc", request["ipc"]),
    uts: optional("uts", request["uts"]),
    limits: limits(request["limits"] ?? {}),
  };
}

function checkedMounts({ volumes, mounts, tmpfs, shmSize }: Record<string, unknown>): MountRequests {
  return {
    volumes: texts("volumes", volumes ?? []),
    mounts: texts("mounts", mounts ?? []),
    tmpfs: texts("tmpfs", tmpfs ?? []),
    shmSize: optional("shmSize", shmSize),
  };
}

function optional(name: string, value: unknown): string | undefined {
  return value === undefined ? undefined : text(name, value);
}

function checkedNetwork({
  networks,
  networkAliases,
  ip,
  ip6,
  macAddress,
  ports,
  dns,
  dnsSearch,
  dnsOptions,
  hosts,
}: Record<string, unknown>): NetworkRequest {
  return {
    names: texts("networks", networks ?? []),
    aliases: texts("networkAliases", networkAliases ?? []),
    ip: ip === undefined ? undefined : text("ip", ip),
    ip6: ip6 === undefined ? undefined : text("ip6", ip6),
    macAddress: macAddress === undefined ? undefined : text("macAddress", macAddress),
    publish: texts("ports", ports ?? []),
    dns: texts("dns", dns ?? []),
    dnsSearch: texts("dnsSearch", dnsSearch ?? []),
    dnsOptions: texts("dnsOptions", dnsOptions ?? []),
    addHosts: hosts === undefined ? [] : hostEntries(hosts),
  };
}

export function checkedExec(value: unknown): ExecRequest {
  const { args, env, user, cwd, privileged } = fields("exec", "request", value, EXEC_REQUEST);
  return {
    args: texts("args", args),
    env: env === undefined ? [] : variables(env),
    user: user === undefined ? undefined : text("user", user),
    cwd: cwd === undefined ? undefined : text("cwd", cwd),
    privileged: flag("privileged", privileged ?? false),
  };
}

export interface CheckedOptions {
  readonly stdio: readonly [number, number, number] | undefined;
  readonly explain: ((text: string) => void) | undefined;
  readonly language: Language;
}

export function checkedOptions(value: unknown, from = "start"): CheckedOptions {
  const { stdio, explain, language = "en" } = fields(from, "options", value, OPTIONS);
  if (explain !== undefined && typeof explain !== "function") throw mustBe("explain", "a function", explain);
  if (language !== "en" && language !== "zh") throw mustBe("language", '"en" or "zh"', language);
  return {
    stdio: stdio === undefined ? undefined : descriptors(stdio),
    explain: explain && ((words) => void explain(words)),
    language,
  };
}

export function checkedSignal(value: unknown): NodeJS.Signals {
  if (isSignal(value)) return value;
  throw mustBe("signal", "the name of a signal, such as SIGTERM", value);
}

export function checkedName(value: unknown): string {
  return text("name", value);
}

export function fields(from: string, what: string, value: unknown, known: readonly string[]): Record<string, unknown> {
  if (!isRecord(value)) throw mustBe(`the ${what} of ${from}()`, "an object", value);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return { ...value };
  throw refused(`${from}() has no option ${JSON.stringify(unknown)}; the options are ${known.join(", ")}`);
}

export function text(field: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw mustBe(field, "a string", value);
}

function texts(field: string, value: unknown): string[] {
  if (!Array.isArray(value)) throw mustBe(field, "an array of strings", value);
  return Array.from(value, (element: unknown, at) => text(`${field}[${at}]`, element));
}

function flag(field: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw mustBe(field, "a boolean", value);
}

function variables(value: unknown): string[] {
  return pairs("env", value, "an environment variable");
}

function limits(value: unknown): LimitRequest {
  const given = Object.entries(fields("start", "limits", value, [...LIMITS, ...LIMIT_LISTS]));
  const checked = given
    .filter(([, one]) => one !== undefined)
    .map(([name, one]) => [name, (LIMIT_LISTS.includes(name) ? texts : quantity)(`limits.${name}`, one)]);
  return Object.fromEntries(checked);
}

/** As it is written on a command line. */
function quantity(field: string, value: unknown): string {
  if (typeof value === "number" || typeof value === "string") return String(value);
  throw mustBe(field, "a number or a string", value);
}

function settings(value: unknown): string[] {
  return pairs("sysctls", value, "a setting");
}

/** KEY=VALUE each. */
function pairs(field: string, value: unknown, what: string): string[] {
  if (!isRecord(value)) throw mustBe(field, "an object of strings", value);
  return Object.entries(value).map(([key, one]) => {
    if (/^$|=/.test(key)) throw refused(`${JSON.stringify(key)} can't be the name of ${what}`);
    return `${key}=${text(`${field}.${key}`, one)}`;
  });
}

/** NAME:ADDR each. */
function hostEntries(value: unknown): string[] {
  if (!isRecord(value)) throw mustBe("hosts", "an object of strings", value);
  return Object.entries(value).map(([name, address]) => `${name}:${text(`hosts.${name}`, address)}`);
}

function descriptors(value: unknown): [number, number, number] {
  if (!Array.isArray(value)) throw mustBe("stdio", "an array of three file descriptors", value);
  const [stdin, stdout, stderr, ...more] = Array.from(value, descriptor);
  if (stdin === undefined || stdout === undefined || stderr === undefined || more.length > 0) {
    throw refused(`stdio must be an array of three file descriptors, got ${value.length}`);
  }
  return [stdin, stdout, stderr];
}

function descriptor(value: unknown, at: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > DESCRIPTOR_MAX) {
    throw mustBe(`stdio[${at}]`, "a file descriptor", value);
  }
  try {
    fstatSync(value);
  } catch (error) {
    throw refused(`stdio[${at}] is ${value}, which is not an open file descriptor`, error);
  }
  return value;
}

/** INT_MAX of C. */
const DESCRIPTOR_MAX = 2 ** 31 - 1;

function isSignal(value: unknown): value is NodeJS.Signals {
  return typeof value === "string" && Object.hasOwn(constants.signals, value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function mustBe(field: string, what: string, value: unknown): Failure {
  return refused(`${field} must be ${what}, not ${described(value)}`);
}

function described(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null
    ? "an object"
    : typeof value === "function"
      ? "a function"
      : String(value);
}

function refused(message: string, cause?: unknown): Failure {
  return new Failure(message, { code: "usage", cause });
}
