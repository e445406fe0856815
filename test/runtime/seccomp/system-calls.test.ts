import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { type Machine, systemCalls } from "../../../runtime/seccomp/system-calls.ts";
import { needs } from "../../rig/host.ts";

/** Each machine's header, and what arch/arm64/include/asm/unistd.h defines before it includes the generic one. */
const HEADERS: Readonly<Record<Machine | "i386", { path: string; options: readonly string[] }>> = {
  x86_64: { path: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", options: [] },
  i386: { path: "/usr/include/x86_64-linux-gnu/asm/unistd_32.h", options: [] },
  aarch64: {
    path: "/usr/include/asm-generic/unistd.h",
    options: ["RENAMEAT", "NEW_STAT", "SET_GET_RLIMIT", "SYS_CLONE3", "MEMFD_SECRET"].map(
      (name) => `-D__ARCH_WANT_${name}`,
    ),
  },
};
const NO_CALLS = ["__NR_syscalls", "__NR_arch_specific_syscall"];

/** `__NR3264_` names are those of both word lengths, and defined by others. */
function defined({ path, options }: (typeof HEADERS)["i386"]): Map<string, number> {
  const macros = execFileSync(
    "gcc",
    ["-E", "-dM", "-D__BITS_PER_LONG=64", ...options, "-include", path, "-xc", "/dev/null"],
    {
      encoding: "utf8",
    },
  );
  const values = new Map(
    [...macros.matchAll(/^#define (__NR\w*) (\S+)$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
  return new Map(
    [...values]
      .filter(([name]) => name.startsWith("__NR_") && !NO_CALLS.includes(name))
      .map(([name, value]) => [name.slice("__NR_".length), Number(values.get(value) ?? value)]),
  );
}

describe("the numbers of system calls", () => {
  for (const machine of ["x86_64", "i386", "aarch64"] as const) {
    it(`are those of the kernel's headers on ${machine}; more are newer`, (context) => {
      if (!needs(context, existsSync(HEADERS[machine].path) ? undefined : HEADERS[machine].path)) return;
      const [known, header] = [systemCalls(machine), defined(HEADERS[machine])];
      assert.ok(header.size > 300);
      assert.deepEqual(
        [...header].filter(([name, number]) => known.get(name) !== number && number <= Math.max(...known.values())),
        [],
      );
      const newer = [...known].filter(([name]) => !header.has(name)).map(([, number]) => number);
      const taken = new Set(header.values());
      assert.deepEqual(
        newer.filter((number) => taken.has(number)),
        [],
      );
    });

    it(`are each of one call on ${machine}`, () => {
      const numbers = [...systemCalls(machine).values()];
      assert.equal(new Set(numbers).size, numbers.length);
      assert.ok(numbers.every((number) => Number.isInteger(number)));
    });
  }
});
