import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { CAP } from "../../../runtime/linux.ts";
import { dockerProfile } from "../../../runtime/seccomp/docker-rules.ts";
import { filterOf } from "../../../runtime/seccomp/filter.ts";
import { ACTIONS, type Profile, type Rule } from "../../../runtime/seccomp/profile.ts";
import { type Machine, type Machine32, systemCalls } from "../../../runtime/seccomp/system-calls.ts";
import { type Capability, DEFAULT_CAPABILITIES, isCapability } from "../../../runtime/spec/security/capability.ts";
import { needs } from "../../rig/host.ts";
import { type Call, call, there, verdict } from "./interpreter.ts";
import { askedOfKernel, compiledByLibseccomp, noLibseccomp, program } from "./oracle.ts";

/** removexattrat: no rule of docker's is about a newer call. */
const LAST_RULED = 466;
/** Those of arm alone follow; set_tls is the last one with a rule. */
const [ARM_PRIVATE, SET_TLS] = [0xf0000, 0xf0005];
/** The kernel calls no filter for these, and ends a process that makes them itself. */
const UNFILTERED: readonly (string | undefined)[] = ["uretprobe", "uprobe"];
/** A machine, and what its programs of 64 or 32 bits call. */
const MACHINES: readonly (readonly [Machine, Machine | Machine32])[] = [
  ["x86_64", "x86_64"],
  ["x86_64", "i386"],
  ["aarch64", "aarch64"],
  ["aarch64", "arm"],
];
const ALLOW = ACTIONS.SCMP_ACT_ALLOW;
const [EPERM, ENOSYS] = [ACTIONS.SCMP_ACT_ERRNO | 1, ACTIONS.SCMP_ACT_ERRNO | 38];
const ALL: readonly Capability[] = Object.keys(CAP).filter(isCapability);

/** Around every constant that a rule of docker's compares with, in both halves of a register. */
const EDGES = [0, 1, 2, 8, 37, 38, 39, 40, 41, 0x20000, 0x20008, 0x7e020000, 0x10000000, 0x80, 0xffffffff]
  .map(BigInt)
  .flatMap((value) => [value, value + 1n, value | (1n << 32n), value | (1n << 63n)]);

/** Each call of a machine by name, also with edge arguments; then numbers that are none. */
function callsOf(machine: Machine | Machine32): { name: string | undefined; made: Call }[] {
  const isNarrow = machine === "i386" || machine === "arm";
  const named = Array.from(systemCalls(machine)).flatMap(([name, number]) => {
    const withArguments = ["clone", "socket", "personality", "clone3", "mount"].includes(name)
      ? EDGES
      : [0n, 1n << 32n];
    const possible = withArguments.filter((value) => !isNarrow || value < 1n << 32n);
    return possible.map((first) => ({ name, made: call(machine, number, first, 2, 3) }));
  });
  const taken = new Set(systemCalls(machine).values());
  const free = Array.from({ length: 1100 }, (_, number) => number).filter((number) => !taken.has(number));
  return [...named, ...free.map((number) => ({ name: undefined, made: call(machine, number) }))];
}

describe("docker's rules, compiled", () => {
  for (const [machine, calls] of MACHINES) {
    for (const [what, capabilities] of [
      ["docker's capabilities", DEFAULT_CAPABILITIES],
      ["none", []],
      ["all", ALL],
    ] as const) {
      it(`say of every call of ${calls} what libseccomp says, with ${what}`, async (context) => {
        if (!needs(context, noLibseccomp)) return;
        const oracle = await program({ after }, "libseccomp", "-lseccomp");
        const ours = filterOf(dockerProfile(), there(machine, capabilities));
        const { filters, unknown } = compiledByLibseccomp(oracle, [asDockerWritesIt(machine, capabilities)], calls);
        for (const { name, made } of callsOf(calls)) {
          if (name !== undefined && unknown.has(name)) continue;
          const isWide = name === "socket" && (made.args[0] ?? 0n) >> 32n !== 0n;
          const theirs = isWide ? EPERM : verdict(filters[0] ?? [], made);
          const isNewer = made.number > LAST_RULED && (made.number < ARM_PRIVATE || made.number > SET_TLS);
          const expected = isNewer ? ENOSYS : theirs;
          assert.equal(verdict(ours, made), expected, `${name ?? made.number}(${made.args.join(", ")})`);
        }
      });
    }
  }

  it("answer as an older kernel to calls that are newer than the rules, to x32 and to -1", () => {
    for (const [machine, calls] of MACHINES) {
      const filter = filterOf(dockerProfile(), there(machine));
      for (const number of [467, 512, 547, 1000, 0x40000000, 0x40000000 + 59, 2 ** 31, 2 ** 32 - 1])
        assert.equal(verdict(filter, call(calls, number)), ENOSYS, `${calls} ${number}`);
    }
  });

  it("end a process that makes a call of another architecture", () => {
    const { architectures: _, ...native } = dockerProfile();
    for (const [profile, architecture] of [
      [dockerProfile(), 0xc00000b7],
      [dockerProfile(), 0x40000028],
      [dockerProfile(), 0],
      [native, 0x40000003],
    ] as const) {
      const made = { ...call("x86_64", 0), architecture };
      assert.equal(verdict(filterOf(profile, there("x86_64")), made), ACTIONS.SCMP_ACT_KILL_PROCESS);
    }
  });

  it("look at the upper half of socket's address family, which the kernel ignores", () => {
    const filter = filterOf(dockerProfile(), there("x86_64"));
    const socket = (family: number | bigint) => verdict(filter, call("x86_64", 41, family, 1, 0));
    assert.deepEqual(
      [1, 2, 10, 16, 17, 39, 41, 45].map(socket),
      Array.from({ length: 8 }, () => ALLOW),
    );
    for (const family of [38, 40, 38n + (1n << 32n), 40n + (1n << 32n), 40n + (1n << 63n), 2n ** 64n - 1n])
      assert.equal(socket(family), EPERM, String(family));
  });

  it("refuse what attacks on the kernel begin with, unless a capability is for that", () => {
    const numbers = systemCalls("x86_64");
    const verdictOf = (name: string, capabilities: readonly Capability[]) =>
      verdict(filterOf(dockerProfile(), there("x86_64", capabilities)), call("x86_64", numbers.get(name) ?? -1));
    const names =
      "io_uring_setup io_uring_enter userfaultfd keyctl add_key request_key kexec_load uselib vmsplice".split(" ");
    assert.deepEqual(
      names.map((name) => verdictOf(name, ALL) === ALLOW),
      names.map((name) => name === "vmsplice"),
    );
    for (const [name, capability] of [
      ["perf_event_open", "CAP_PERFMON"],
      ["bpf", "CAP_BPF"],
      ["open_by_handle_at", "CAP_DAC_READ_SEARCH"],
      ["unshare", "CAP_SYS_ADMIN"],
      ["setns", "CAP_SYS_ADMIN"],
      ["mount", "CAP_SYS_ADMIN"],
      ["syslog", "CAP_SYSLOG"],
      ["init_module", "CAP_SYS_MODULE"],
    ] as const) {
      assert.deepEqual([verdictOf(name, DEFAULT_CAPABILITIES), verdictOf(name, [capability])], [EPERM, ALLOW], name);
    }
  });

  it("are what the running kernel then decides", async (context) => {
    if (!needs(context, process.arch === "x64" ? undefined : "an x86_64 machine")) return;
    const installer = await program({ after }, "install");
    const ERRNO_FOR_ALLOWED = 4000;
    const filter = filterOf(dockerProfile(), there("x86_64")).map((word, i, words) =>
      i % 2 === 1 && words[i - 1] === 0x06 && word === ALLOW ? ACTIONS.SCMP_ACT_ERRNO | ERRNO_FOR_ALLOWED : word,
    );
    const calls = [
      ...callsOf("x86_64").flatMap(({ name, made }) => (UNFILTERED.includes(name) ? [] : [made])),
      ...[0x40000000, 0x40000000 + 59, 2 ** 31 + 7].map((number) => call("x86_64", number)),
    ];
    const results = askedOfKernel(installer, filter, calls);
    assert.deepEqual(
      results,
      calls.map((made) => -BigInt(verdict(filter, made) & 0xffff)),
    );
  });
});

/** docker compares all 64 bits of socket's argument, and no two conditions of libseccomp's can be about one argument. */
function asDockerWritesIt(machine: Machine, capabilities: readonly Capability[]): Profile {
  const profile = dockerProfile();
  const syscalls = profile.syscalls
    .map((rule): Rule => (rule.names[0] === "socket" ? { ...rule, args: (rule.args ?? []).slice(0, 1) } : rule))
    .filter(({ includes, excludes }) => {
      const held: readonly string[] = capabilities;
      const arch = machine === "x86_64" ? "amd64" : "arm64";
      const isElsewhere = includes?.arches !== undefined && !includes.arches.includes(arch);
      return (
        !isElsewhere &&
        (includes?.caps ?? []).every((name) => held.includes(name)) &&
        !(excludes?.caps ?? []).some((name) => held.includes(name))
      );
    });
  return { ...profile, syscalls };
}
