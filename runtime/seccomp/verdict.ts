import { ERRNO } from "../linux.ts";
import { applicableRules } from "./applicable.ts";
import { ACTIONS, type Action, type Circumstances, type Condition, type Profile } from "./profile.ts";
import { systemCalls } from "./system-calls.ts";

/** On x86_64, numbers from here on are of x32. */
const X32 = 0x40000000;

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

/** From 0 on, for all numbers. */
export function rangesOf(profile: Profile, there: Circumstances): Range[] {
  const fallback: Verdict = [{ conditions: [], value: valueFor(profile.defaultAction, profile.defaultErrnoRet) }];
  const verdicts = verdictsOf(profile, there, fallback);
  const unknown = firstUnknown(profile, there, verdicts.length);
  if (unknown > verdicts.length) verdicts.push(fallback);
  const ranges: Range[] = [];
  let before: Verdict | undefined;
  for (let number = 0; number < verdicts.length; number += 1) {
    const verdict = verdicts[number] ?? fallback;
    if (verdict !== before) ranges.push({ first: number, verdict });
    before = verdict;
  }
  if (Number.isFinite(unknown)) ranges.push({ first: unknown, verdict: [{ conditions: [], value: UNKNOWN }] });
  return ranges;
}

const UNKNOWN = ACTIONS.SCMP_ACT_ERRNO | ERRNO.ENOSYS;

/**
 * The first number that no rule can mean. What follows is newer than the profile, and gets the error that programs expect of
 * an older kernel, unless the profile allows what it does not name. x32 would evade its rules.
 */
function firstUnknown({ defaultAction }: Profile, { machine }: Circumstances, next: number): number {
  if (strictness(ACTIONS[defaultAction]) < ACTIONS.SCMP_ACT_TRACE) return next;
  return machine === "x86_64" ? X32 : Number.POSITIVE_INFINITY;
}

/** By number; none where no rule applies. Calls with the same single case share its verdict. */
function verdictsOf(profile: Profile, there: Circumstances, fallback: Verdict): (Verdict | undefined)[] {
  const numbers = systemCalls(there.machine);
  const verdicts: (Verdict | undefined)[] = [];
  const constants = new Map<number, Verdict>();
  for (const { names, action, errnoRet, args = [] } of applicableRules(profile, there)) {
    const added: Case = { conditions: args, value: valueFor(action, errnoRet) };
    const alone = args.length === 0 ? (constants.get(added.value) ?? [added]) : [added, ...fallback];
    if (args.length === 0) constants.set(added.value, alone);
    for (const name of names) {
      const number = numbers.get(name);
      if (number === undefined) continue;
      const before = verdicts[number];
      verdicts[number] = before === undefined || before === alone ? alone : combine(before, added, fallback);
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
