import { ERRNO } from "../linux.ts";
import { applicableRules } from "./applicable.ts";
import { ACTIONS, type Action, type Circumstances, type Condition, type Profile } from "./profile.ts";
import { type Machine, type Machine32, systemCalls } from "./system-calls.ts";

/** On x86_64, numbers from here on are of x32. */
const X32 = 0x40000000;
/** On arm, numbers from here on are its own. */
const ARM_PRIVATE = 0xf0000;

/** What the filter returns if all conditions hold. */
export interface Case {
  readonly conditions: readonly Condition[];
  readonly value: number;
}

/** What happens to a system call: the first case that holds decides. The last one always holds. */
export type Verdict = readonly Case[];

/** System calls with the same verdict: the numbers from `first` up to the next range. */
export interface Range {
  readonly first: number;
  readonly verdict: Verdict;
}

/** From 0 on, for all numbers of `machine`: that of `there`, or what its programs of 32 bits call. */
export function rangesOf(profile: Profile, there: Circumstances, machine: Machine | Machine32): Range[] {
  const fallback: Verdict = [{ conditions: [], value: valueFor(profile.defaultAction, profile.defaultErrnoRet) }];
  const all = [...verdictsOf(profile, there, machine, fallback)].sort(([a], [b]) => a - b);
  const usual = all.filter(([number]) => number < ARM_PRIVATE);
  const next = (usual.at(-1)?.[0] ?? -1) + 1;
  const unknown = firstUnknown(profile, machine, next);
  const beyond: Range[] = Number.isFinite(unknown) ? [{ first: unknown, verdict: UNKNOWN }] : [];
  return [
    ...joined(usual, 0, unknown > next ? fallback : undefined, fallback),
    ...beyond,
    ...joined(all.slice(usual.length), ARM_PRIVATE, beyond.at(-1)?.verdict ?? fallback, fallback),
  ];
}

/** The ranges of numbers from `begin` on; `after`: what follows the last one. */
function joined(
  verdicts: readonly (readonly [number: number, Verdict])[],
  begin: number,
  after: Verdict | undefined,
  fallback: Verdict,
): Range[] {
  const ranges: Range[] = [];
  let next = begin;
  const add = (first: number, verdict: Verdict) => {
    if (verdict !== ranges.at(-1)?.verdict) ranges.push({ first, verdict });
  };
  for (const [number, verdict] of verdicts) {
    if (number > next) add(next, fallback);
    add(number, verdict);
    next = number + 1;
  }
  if (after && (begin === 0 || verdicts.length > 0)) add(next, after);
  return ranges;
}

const UNKNOWN: Verdict = [{ conditions: [], value: ACTIONS.SCMP_ACT_ERRNO | ERRNO.ENOSYS }];

/**
 * The first number that no rule can mean. What follows is newer than the profile, and gets the error that programs expect of
 * an older kernel, unless the profile allows what it does not name. x32 would evade its rules.
 */
function firstUnknown({ defaultAction }: Profile, machine: Machine | Machine32, next: number): number {
  if (strictness(ACTIONS[defaultAction]) < ACTIONS.SCMP_ACT_TRACE) return next;
  return machine === "x86_64" ? X32 : Number.POSITIVE_INFINITY;
}

/** By number, in no order; none where no rule applies. Calls with the same single case share its verdict. */
function verdictsOf(
  profile: Profile,
  there: Circumstances,
  machine: Machine | Machine32,
  fallback: Verdict,
): Map<number, Verdict> {
  const numbers = systemCalls(machine);
  const verdicts = new Map<number, Verdict>();
  const constants = new Map<number, Verdict>();
  for (const { names, action, errnoRet, args = [] } of applicableRules(profile, there)) {
    const added: Case = { conditions: args, value: valueFor(action, errnoRet) };
    const alone = args.length === 0 ? (constants.get(added.value) ?? [added]) : [added, ...fallback];
    if (args.length === 0) constants.set(added.value, alone);
    for (const name of names) {
      const number = numbers.get(name);
      if (number === undefined) continue;
      const before = verdicts.get(number);
      verdicts.set(number, before === undefined || before === alone ? alone : combine(before, added, fallback));
    }
  }
  return verdicts;
}

/** The strictest case first. */
function combine(verdict: Verdict, added: Case, fallback: Verdict): Verdict {
  const cases = [...verdict.filter((one) => !fallback.includes(one)), added];
  cases.sort((a, b) => strictness(a.value) - strictness(b.value));
  const always = cases.findIndex(({ conditions }) => conditions.length === 0);
  return always < 0 ? [...cases, ...fallback] : cases.slice(0, always + 1);
}

/** Lower for a stricter action, as a signed number; only SCMP_ACT_KILL_PROCESS is below 0. */
function strictness(value: number): number {
  return value | 0;
}

function valueFor(action: Action, errno: number = ERRNO.EPERM): number {
  return action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE" ? ACTIONS[action] | errno : ACTIONS[action];
}
