import { SECCOMP_FILTER_FLAG } from "../linux.ts";
import type { Capability } from "../spec/security/capability.ts";
import type { Machine, Machine32 } from "./system-calls.ts";

/** linux/seccomp.h: what a filter returns for each action, by its name in the OCI runtime-spec. */
export const ACTIONS = {
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_KILL_THREAD: 0x00000000,
  SCMP_ACT_KILL: 0x00000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: 0x00050000,
  SCMP_ACT_TRACE: 0x7ff00000,
  SCMP_ACT_LOG: 0x7ffc0000,
  SCMP_ACT_ALLOW: 0x7fff0000,
} as const;

export type Action = keyof typeof ACTIONS;

export const OPERATORS = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
] as const;

/** Compares one argument of a system call, all 64 bits. SCMP_CMP_MASKED_EQ: `value` is the mask, `valueTwo` the rest. */
export interface Condition {
  readonly index: number;
  readonly op: (typeof OPERATORS)[number];
  readonly value: number;
  readonly valueTwo?: number;
}

/** Every field that is there must apply: all of `caps`, one of `arches` (Go's names), and at least that kernel. */
export interface Where {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  /** MAJOR.MINOR */
  readonly minKernel?: string;
}

/** What to do with some system calls, if all of `args` hold. */
export interface Rule {
  readonly names: readonly string[];
  readonly action: Action;
  /** Of SCMP_ACT_ERRNO and SCMP_ACT_TRACE; EPERM by default. */
  readonly errnoRet?: number;
  readonly args?: readonly Condition[];
  /** The rule applies only there. */
  readonly includes?: Where;
  /** The rule doesn't apply where one of the fields does. */
  readonly excludes?: Where;
}

/**
 * Rules for system calls, in docker's format, which is the OCI runtime-spec's with `includes` and `excludes`. Where several
 * rules apply to a call, the strictest decides, as the kernel chooses among several filters.
 */
export interface Profile {
  /** For calls that no rule applies to. */
  readonly defaultAction: Action;
  readonly defaultErrnoRet?: number;
  readonly flags?: readonly (typeof FLAGS)[number][];
  /** Those besides the machine's own whose calls the rules are for; others end a process. */
  readonly architectures?: readonly Machine32[];
  readonly syscalls: readonly Rule[];
}

/** Those that a profile can have. */
export const FLAGS = [
  "SECCOMP_FILTER_FLAG_TSYNC",
  "SECCOMP_FILTER_FLAG_LOG",
  "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
] as const;

/** SECCOMP_FILTER_FLAG_: without a choice, no mitigation that makes every program slower, as kernels since 5.16. */
export function filterFlags({ flags = ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"] }: Pick<Profile, "flags">): number {
  return flags.reduce((bits, name) => bits | SECCOMP_FILTER_FLAG[name], 0);
}

/** What the rules of a profile depend on besides the profile. */
export interface Circumstances {
  readonly machine: Machine;
  /** Its release, as uname(2) returns it. */
  readonly kernel: string;
  /** The container's bounding set. */
  readonly capabilities: readonly Capability[];
}
