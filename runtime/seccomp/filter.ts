import { Failure } from "../failure.ts";
import { compare } from "./compare.ts";
import { ACTIONS, type Circumstances, type Profile } from "./profile.ts";
import { type Label, Program, TEST } from "./program.ts";
import { MACHINE_32 } from "./system-calls.ts";
import { type Range, rangesOf, type Verdict } from "./verdict.ts";

/** linux/audit.h */
const AUDIT_ARCH = { x86_64: 0xc000003e, aarch64: 0xc00000b7, i386: 0x40000003, arm: 0x40000028 } as const;
/** struct seccomp_data of linux/seccomp.h */
const NUMBER_AT = 0;
const ARCHITECTURE_AT = 4;
/** linux/bpf_common.h: BPF_MAXINSNS. */
const INSTRUCTIONS_MAX = 4096;

/**
 * The filter for seccomp(2): struct sock_filter as two words each. A call of an architecture that the profile is not for ends
 * the process. Throws Failure for a profile that needs more instructions than the kernel takes.
 */
export function filterOf(profile: Profile, there: Circumstances): number[] {
  const program = new Program();
  const foreign = program.return(ACTIONS.SCMP_ACT_KILL_PROCESS);
  const machine32 = MACHINE_32[there.machine];
  const machines = [...(profile.architectures?.includes(machine32) ? [machine32] : []), there.machine];
  const byMachine = machines.reduce<Label>((others, machine) => {
    const ranges = rangesOf(profile, there, machine);
    const byNumber = program.load(NUMBER_AT, decide(program, ranges, 0, ranges.length));
    return program.test(TEST.equal, AUDIT_ARCH[machine], byNumber, others);
  }, foreign);
  program.load(ARCHITECTURE_AT, byMachine);
  const words = program.words();
  if (words.length <= INSTRUCTIONS_MAX * 2) return words;
  throw new Failure(
    `the seccomp profile needs ${words.length / 2} instructions, and the kernel takes at most ${INSTRUCTIONS_MAX}`,
    { code: "usage", remedy: "use fewer rules with arguments" },
  );
}

/** Finds the range of the number that was loaded, among those from `begin` to `end`, by halving. */
function decide(program: Program, ranges: readonly Range[], begin: number, end: number): Label {
  const half = (begin + end) >> 1;
  const middle = ranges[half];
  if (middle === undefined) throw new Failure("a seccomp filter without rules", { code: "internal" });
  if (half === begin) return conclude(program, middle.verdict);
  const upper = decide(program, ranges, half, end);
  const lower = decide(program, ranges, begin, half);
  return program.test(TEST.atLeast, middle.first, upper, lower);
}

function conclude(program: Program, verdict: Verdict): Label {
  let no = 0;
  for (const { conditions, value } of verdict.toReversed()) {
    const yes = program.return(value);
    no = conditions.reduceRight((next, condition) => compare(program, condition, next, no), yes);
  }
  return no;
}
