import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ACTIONS, OPERATORS, type Profile } from "../../../runtime/seccomp/profile.ts";
import type { Machine, Machine32 } from "../../../runtime/seccomp/system-calls.ts";
import { type Scope, temporaryDirectory } from "../../rig/host.ts";
import { ARCHITECTURE, type Call } from "./interpreter.ts";

export const noLibseccomp = existsSync("/usr/include/seccomp.h") ? undefined : "libseccomp-dev";

const SCMP_ACT_KILL_THREAD = 0;

/** Builds a program of this folder. */
export async function program(scope: Scope, name: string, ...libraries: string[]): Promise<string> {
  const out = join(await temporaryDirectory(scope), name);
  const source = join(import.meta.dirname, `${name}.c`);
  execFileSync("gcc", ["-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", out, source, ...libraries]);
  return out;
}

/** Each profile's filter as libseccomp compiles it, and the names that this libseccomp does not know. */
export function compiledByLibseccomp(oracle: string, profiles: readonly Profile[], machine: Machine | Machine32) {
  const input = profiles.map((profile) => described(profile, machine)).join("");
  const { stdout, stderr, status } = spawnSync(oracle, { input, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(stderr.toString());
  const filters: number[][] = [];
  for (let at = 0; at < stdout.length; ) {
    const end = at + 4 + stdout.readUInt32LE(at);
    filters.push(Array.from({ length: (end - at - 4) / 4 }, (_, i) => stdout.readUInt32LE(at + 4 + i * 4)));
    at = end;
  }
  return { filters, unknown: new Set(stderr.toString().split("\n").filter(Boolean)) };
}

function described({ defaultAction, defaultErrnoRet = 1, syscalls }: Profile, machine: Machine | Machine32): string {
  const number = (action: keyof typeof ACTIONS, errno = 1) =>
    (ACTIONS[action] === SCMP_ACT_KILL_THREAD ? 0 : ACTIONS[action]) |
    (action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE" ? errno : 0);
  const rules = syscalls.flatMap(({ names, action, errnoRet, args = [] }) => {
    const conditions = args.map(
      ({ index, op, value, valueTwo = 0 }) => ` ${index} ${OPERATORS.indexOf(op) + 1} ${value} ${valueTwo}`,
    );
    return names.map((name) => `rule ${number(action, errnoRet) >>> 0} ${name}${conditions.join("")}\n`);
  });
  const action = number(defaultAction, defaultErrnoRet) >>> 0;
  return `profile ${ARCHITECTURE[machine]} ${action}\n${rules.join("")}end\n`;
}

/** What the running kernel returns for each call under a filter that allows nothing. */
export function askedOfKernel(installer: string, filter: readonly number[], calls: readonly Call[]): bigint[] {
  const words = Buffer.from(new Uint32Array([filter.length / 2, ...filter]).buffer);
  const records = Buffer.from(
    new BigUint64Array(calls.flatMap(({ number, args }) => [BigInt(number), ...args])).buffer,
  );
  const { stdout, stderr, status } = spawnSync(installer, {
    input: Buffer.concat([words, records]),
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${status} ${stderr}`);
  return Array.from({ length: stdout.length / 8 }, (_, i) => stdout.readBigInt64LE(i * 8));
}
