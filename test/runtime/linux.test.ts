import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import {
  AT,
  CAP,
  CLONE,
  ERRNO,
  flagNames,
  MOUNT_ATTR,
  MS,
  numberName,
  RLIMIT,
  SECCOMP_FILTER_FLAG,
  SIGNAL,
} from "../../runtime/linux.ts";
import { needs } from "../rig/host.ts";

/** Names that are not bits: masks, sizes, a value of 0, and aliases. */
const NO_BITS = /^(MS_RMT_MASK|MS_MGC_VAL|MS_MGC_MSK|MS_VERBOSE|MOUNT_ATTR__ATIME|MOUNT_ATTR_RELATIME|\w+_SIZE_VER\d)$/;

/** The numbers that a header of the kernel defines under names that match, as the preprocessor reads it. */
function defined(header: string, names: RegExp): Record<string, number> {
  const macros = execFileSync("gcc", ["-E", "-dM", "-include", header, "-xc", "/dev/null"], { encoding: "utf8" });
  const values = [...macros.matchAll(/^#define (\w+) (\S.*)$/gm)]
    .filter(([, name = ""]) => names.test(name) && !NO_BITS.test(name))
    .flatMap(([, name = "", text = ""]) => {
      const value = numberOf(text);
      return value === undefined ? [] : [[name, value] as const];
    });
  assert.ok(values.length > 0);
  return Object.fromEntries(values);
}

/** `0x10`, `16`, `(1<<4)`, `0x10ULL` */
function numberOf(text: string): number | undefined {
  const [, number, shift] = /^\(?(0x[0-9a-f]+|\d+)(?:U?L?L?)?(?:\s*<<\s*(\d+))?\)?$/i.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * 2 ** Number(shift ?? 0);
}

/** In the order of the numbers, and of the names where these are equal. */
function sorted(table: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(table).sort(([a, first], [b, second]) => first - second || (a < b ? -1 : 1));
}

describe("the kernel's constants", () => {
  const headers = existsSync("/usr/include/linux/sched.h") ? undefined : "the kernel's headers";
  const complete: [string, Readonly<Record<string, number>>, string, RegExp][] = [
    ["CLONE", CLONE, "linux/sched.h", /^CLONE_/],
    ["MS", MS, "linux/mount.h", /^MS_/],
    ["MOUNT_ATTR", MOUNT_ATTR, "linux/mount.h", /^MOUNT_ATTR_/],
    ["CAP", CAP, "linux/capability.h", /^CAP_/],
    ["RLIMIT", RLIMIT, "asm/resource.h", /^RLIMIT_/],
    ["SECCOMP_FILTER_FLAG", SECCOMP_FILTER_FLAG, "linux/seccomp.h", /^SECCOMP_FILTER_FLAG_/],
    ["SIGNAL", SIGNAL, "asm/signal.h", /^SIG(?!RT|IOT|POLL|UNUSED|STKSZ)[A-Z0-9]+$/],
  ];
  for (const [name, table, header, names] of complete) {
    it(`${name} has every name of ${header}, and no other number`, (context) => {
      if (!needs(context, headers)) return;
      assert.deepEqual(sorted(table), sorted(defined(header, names)));
    });
  }

  const partial: [string, Readonly<Record<string, number>>, string, RegExp][] = [
    ["AT", AT, "linux/fcntl.h", /^AT_/],
    ["ERRNO", ERRNO, "asm/errno.h", /^E/],
  ];
  for (const [name, table, header, names] of partial) {
    it(`${name} agrees with ${header}`, (context) => {
      if (!needs(context, headers)) return;
      const kernel = defined(header, names);
      assert.deepEqual(table, Object.fromEntries(Object.keys(table).map((key) => [key, kernel[key]])));
    });
  }
});

describe("a number as strace writes it", () => {
  it("names each bit, in their order, and shows the rest", () => {
    assert.equal(flagNames(MS.MS_REC | MS.MS_BIND, MS), "MS_BIND|MS_REC");
    assert.equal(flagNames(0, MS), "0");
    assert.equal(flagNames(MS.MS_NOSUID + 0x200, MS), "MS_NOSUID|0x200");
    assert.equal(flagNames(0x200, MS), "0x200 /* MS_??? */");
    assert.equal(flagNames(CLONE.CLONE_INTO_CGROUP + CLONE.CLONE_NEWNS, CLONE), "CLONE_NEWNS|CLONE_INTO_CGROUP");
    assert.equal(flagNames(2n ** 63n, MOUNT_ATTR), "0x8000000000000000 /* MOUNT_ATTR_??? */");
  });

  it("names one number", () => {
    assert.equal(numberName(7, RLIMIT), "RLIMIT_NOFILE");
    assert.equal(numberName(99n, RLIMIT), "0x63 /* RLIMIT_??? */");
  });

  it("has a name for every bit and number of the tables", () => {
    for (const table of [CLONE, MS, MOUNT_ATTR, AT]) {
      for (const [name, bit] of Object.entries(table)) assert.equal(flagNames(bit, table), name);
    }
    for (const table of [CAP, RLIMIT, SIGNAL, ERRNO]) {
      for (const [name, number] of Object.entries(table)) assert.equal(numberName(number, table), name);
    }
  });
});
