import { Failure } from "../failure.ts";
import { didYouMean } from "../spec/nearest.ts";
import {
  ACTIONS,
  type Action,
  type Condition,
  FLAGS,
  OPERATORS,
  type Profile,
  type Rule,
  type Where,
} from "./profile.ts";
import type { Machine32 } from "./system-calls.ts";

/** podman writes the names of errnos beside their numbers, which count. */
const OTHERS = ["defaultErrno", "errno"];

/**
 * A profile in docker's JSON, checked; `file` is its name for messages. Names of system calls and architectures may be unknown,
 * since a profile is for many machines. Throws Failure that says what is wrong, and where.
 */
export function profileOf(text: string, file: string): Profile {
  const profile = fieldsOf(parsed(text, file), file, [
    "defaultAction",
    "defaultErrnoRet",
    ...OTHERS,
    "architectures",
    "archMap",
    "flags",
    "syscalls",
  ]);
  return {
    defaultAction: actionOf(profile["defaultAction"], `${file}: defaultAction`),
    ...errnoOf("defaultErrnoRet", profile, file),
    ...given("flags", profile, (flags) =>
      listOf(flags, `${file}: flags`).map((flag, i) => oneOf(FLAGS, flag, `${file}: flags[${i}]`)),
    ),
    ...architecturesOf(profile, file),
    syscalls: listOf(profile["syscalls"], `${file}: syscalls`).flatMap((rule, i) =>
      rulesOf(rule, `${file}: syscalls[${i}]`),
    ),
  };
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refused(file, `is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const ARCHITECTURES: Readonly<Record<string, Machine32>> = { SCMP_ARCH_X86: "i386", SCMP_ARCH_ARM: "arm" };

/** Those of 32 bits: in docker's archMap beside each machine's own, else in a list of all. */
function architecturesOf(profile: Fields, file: string): Pick<Profile, "architectures"> {
  const beside = listOf(profile["archMap"], `${file}: archMap`).flatMap((value, i) => {
    const at = `${file}: archMap[${i}]`;
    return textsOf(
      fieldsOf(value, at, ["architecture", "subArchitectures"])["subArchitectures"],
      `${at}.subArchitectures`,
    );
  });
  const names = [...textsOf(profile["architectures"], `${file}: architectures`), ...beside];
  const known = Object.entries(ARCHITECTURES).flatMap(([name, machine]) => (names.includes(name) ? [machine] : []));
  return known.length > 0 ? { architectures: known } : {};
}

/** One rule, or several if conditions are about the same argument: then one of these has to hold, as with docker. */
function rulesOf(value: unknown, at: string): Rule[] {
  const known = ["names", "name", "action", "errnoRet", "args", "includes", "excludes", "comment", ...OTHERS];
  const rule = fieldsOf(value, at, known);
  const args = listOf(rule["args"], `${at}.args`).map((one, i) => conditionOf(one, `${at}.args[${i}]`));
  const read: Rule = {
    names: namesOf(rule, at),
    action: actionOf(rule["action"], `${at}.action`),
    ...errnoOf("errnoRet", rule, at),
    ...given("includes", rule, (where) => whereOf(where, `${at}.includes`)),
    ...given("excludes", rule, (where) => whereOf(where, `${at}.excludes`)),
  };
  const indices = args.map(({ index }) => index);
  if (new Set(indices).size < indices.length) return args.map((one) => ({ ...read, args: [one] }));
  return [args.length === 0 ? read : { ...read, args }];
}

/** `name` is how profiles before docker 17 wrote it. */
function namesOf(rule: Fields, at: string): string[] {
  if (rule["name"] === undefined) return textsOf(rule["names"], `${at}.names`);
  if (rule["names"] === undefined) return [textOf(rule["name"], `${at}.name`)];
  throw refused(at, "has both name and names");
}

const ARGUMENT_MAX = 5;

function conditionOf(value: unknown, at: string): Condition {
  const condition = fieldsOf(value, at, ["index", "op", "value", "valueTwo"]);
  return {
    index: wholeOf(condition["index"], ARGUMENT_MAX, `${at}.index`),
    op: oneOf(OPERATORS, condition["op"], `${at}.op`),
    value: wholeOf(condition["value"] ?? 0, Number.MAX_SAFE_INTEGER, `${at}.value`),
    valueTwo: wholeOf(condition["valueTwo"] ?? 0, Number.MAX_SAFE_INTEGER, `${at}.valueTwo`),
  };
}

function whereOf(value: unknown, at: string): Where {
  const where = fieldsOf(value, at, ["caps", "arches", "minKernel"]);
  return {
    ...given("caps", where, (caps) => textsOf(caps, `${at}.caps`)),
    ...given("arches", where, (arches) => textsOf(arches, `${at}.arches`)),
    ...given("minKernel", where, (kernel) => kernelOf(kernel, `${at}.minKernel`)),
  };
}

function kernelOf(value: unknown, at: string): string {
  const version = textOf(value, at);
  if (/^\d+\.\d+$/.test(version)) return version;
  throw refused(at, `must be MAJOR.MINOR, such as "4.8", not ${JSON.stringify(version)}`);
}

/** The largest errno that a system call can return. */
const ERRNO_MAX = 4095;

function errnoOf<K extends string>(key: K, fields: Fields, at: string): { [key in K]?: number } {
  return given(key, fields, (errno) => wholeOf(errno, ERRNO_MAX, `${at}.${key}`));
}

function actionOf(value: unknown, at: string): Action {
  if (value === "SCMP_ACT_NOTIFY") throw refused(at, "is SCMP_ACT_NOTIFY, for which tinydocker has no listener");
  return oneOf(Object.keys(ACTIONS).filter(isAction), value, at);
}

function isAction(name: string): name is Action {
  return Object.hasOwn(ACTIONS, name);
}

type Fields = Readonly<Record<string, unknown>>;

/** The same key with the value that `read` returns, or nothing if it is not there. */
function given<K extends string, T>(key: K, fields: Fields, read: (value: unknown) => T): { [key in K]?: T } {
  const value = fields[key];
  const found: { [key in K]?: T } = {};
  if (value !== undefined && value !== null) found[key] = read(value);
  return found;
}

/** A field that is unknown may be a misspelt one, without which a rule would apply to more calls. */
function fieldsOf(value: unknown, at: string, known: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refused(at, "must be an object");
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw refused(
      at,
      `has no field ${JSON.stringify(unknown)}`,
      didYouMean(unknown, known) ?? `it has ${known.join(", ")}`,
    );
  return Object.fromEntries(Object.entries(value));
}

/** null is Go's empty list. */
function listOf(value: unknown, at: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw refused(at, "must be a list");
}

function textsOf(value: unknown, at: string): string[] {
  return listOf(value, at).map((text, i) => textOf(text, `${at}[${i}]`));
}

function textOf(value: unknown, at: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw refused(at, `must be a text, not ${JSON.stringify(value)}`);
}

function wholeOf(value: unknown, max: number, at: string): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max) return value;
  throw refused(at, `must be a whole number from 0 to ${max}, not ${JSON.stringify(value)}`);
}

function oneOf<const T extends string>(known: readonly T[], value: unknown, at: string): T {
  const found = known.find((one) => one === value);
  if (found !== undefined) return found;
  const suggestion = typeof value === "string" ? didYouMean(value, known) : undefined;
  throw refused(at, `must not be ${JSON.stringify(value)}`, suggestion ?? `it is one of ${known.join(", ")}`);
}

function refused(at: string, why: string, remedy?: string): Failure {
  return new Failure(`the seccomp profile ${at} ${why}`, { code: "usage", ...(remedy !== undefined && { remedy }) });
}
