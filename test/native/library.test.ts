import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, test } from "node:test";
import { temporaryDirectory } from "../rig/host.ts";
import { systemCalls } from "./system-calls.ts";

const LIBRARY = "native/build/libtinydocker.so";

execFileSync("make", ["--silent", "-C", "native"]);
const [, sources = ""] = /^SHIM = (.*)$/m.exec(readFileSync("native/Makefile", "utf8")) ?? [];
const names = sources.split(" ").map((source) => source.replace(/\.c$/, ""));

/** Functions that change the calling thread or the whole process, which is Node.js, or that can call any other function. */
const FORBIDDEN =
  /^(setns|unshare|f?chdir|chroot|umask|set(re|res|fs)?[ug]id|(set|init)groups|capset|personality|prctl|v?fork|clone|posix_spawnp?|system|popen|exec.*|wait|waitpid|exit|_exit|abort|signal|sigaction|dlsym)$/;

/** The functions outside itself that a library or an object calls. */
function calledBy(path: string): string[] {
  const symbols = execFileSync("nm", ["--undefined-only", path], { encoding: "utf8" });
  return symbols.split("\n").map((line) => line.trim().split(/\s+/).at(-1)?.replace(/@.*/, "") ?? "");
}

test("the library calls nothing that would change Node.js itself, except to catch the signals it is told to", () => {
  const called = calledBy(LIBRARY);
  assert.ok(called.includes("waitid"));
  assert.deepEqual(
    called.filter((name) => FORBIDDEN.test(name)),
    ["sigaction"],
  );
  const callers = names.filter((name) => calledBy(`native/build/shim/${name}.o`).includes("sigaction"));
  assert.deepEqual(callers, ["library/catch"]);
});

describe("system calls without a function of the C library", () => {
  /** By the file that makes them. The assembly of clone.c is clone3; raw.h makes the others. */
  const allowed: Readonly<Record<string, readonly string[]>> = {
    "cgroup.c": ["bpf"],
    // capset and prctl: of what an exec leaves, not of what Node.js has.
    "child.c": [
      "capget",
      "capset",
      "close",
      "close_range",
      "dup3",
      "execveat",
      "exit_group",
      "fcntl",
      "openat",
      "prctl",
      "rt_sigprocmask",
      "setsid",
      "write",
    ],
    "clone.c": ["asm", "rt_sigprocmask"],
    "container.c": ["pidfd_send_signal"],
    "detach.c": ["pidfd_open"],
    "guarded.c": ["pidfd_send_signal"],
    "open.c": ["pidfd_open"],
    "raw.h": ["asm", "long number"],
    "remove.c": ["renameat2"],
    "shim.c": ["pidfd_open", "pidfd_send_signal", "renameat2"],
    "spawn.c": ["pidfd_send_signal"],
    "sys.h": ["openat2"],
    "watch.c": ["pidfd_open", "pidfd_send_signal"],
  };

  it("are those that this list allows each file of the library", () => {
    const found = new Map(names.flatMap((name) => [...systemCalls(`native/${name}.c`)]));
    assert.deepEqual(Object.fromEntries([...found].sort()), allowed);
  });

  const samples: readonly (readonly [string, string, string])[] = [
    ["by syscall", "return (int)syscall(SYS_unshare, 0);", "unshare"],
    ["by the assembly of raw.h", "return (int)td_raw_call(SYS_setns, 0, 0, 0, 0, 0, 0);", "setns"],
    ["under another name", "\n#define call syscall\nreturn (int)call(SYS_chdir, 0);", "chdir"],
    ["by a pointer", "long (*call)(long, ...) = syscall;\nreturn (int)call(0);", "syscall"],
    ["by a number that is computed", "int number = SYS_umask;\nreturn (int)syscall(number, 0);", "number"],
    ["by its own assembly", '__asm__("syscall" : : "a"(SYS_unshare), "D"(0));\nreturn 0;', "asm"],
    ["with a literal number", "return (int)syscall(95, 0);", process.arch === "x64" ? "umask" : "umount2"],
  ];
  for (const [how, body, name] of samples) {
    it(`are found when made ${how}`, async (t) => {
      const directory = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
      const file = join(directory, "sample.c");
      writeFileSync(file, `#include "raw.h"\n#include "sys.h"\nint sample(void) { ${body} }\n`);
      const flags = ["-D_GNU_SOURCE", "-Wall", "-Werror", "-Inative"];
      execFileSync("gcc", [...flags, "-c", "-o", join(directory, "sample.o"), file]);
      assert.deepEqual(systemCalls(file).get("sample.c"), [name]);
    });
  }
});

interface Symbols {
  readonly defined: readonly string[];
  /** Those that another file must define. */
  readonly needed: readonly string[];
}

/** Those of each object of the library, by its file's name. */
const symbols: ReadonlyMap<string, Symbols> = new Map(names.map((name) => [name, symbolsOf(name)]));

function symbolsOf(name: string): Symbols {
  const table = execFileSync("nm", ["--extern-only", `native/build/shim/${name}.o`], { encoding: "utf8" });
  const named = [...table.matchAll(/ (\w) (\S+)$/gm)];
  const those = (needed: boolean) =>
    named.flatMap(([, letter, symbol = ""]) => ((letter === "U") === needed ? [symbol] : []));
  return { defined: those(false), needed: those(true) };
}

test("between clone and exec the child calls nothing outside its own file, which is not instrumented", () => {
  assert.deepEqual(symbols.get("child"), { defined: ["child_run"], needed: [] });
});

test("the files of the library do not need each other in a circle", () => {
  const homes = new Map([...symbols].flatMap(([name, { defined }]) => defined.map((symbol) => [symbol, name])));
  const needs = new Map(
    [...symbols].map(([name, { needed }]) => [name, needed.flatMap((one) => homes.get(one) ?? [])]),
  );
  assert.ok(needs.get("library/terminal")?.includes("library/container"));
  assert.deepEqual(circle(needs), []);
  assert.deepEqual(circle(new Map([...needs, ["library/container", ["library/terminal"]]])), [
    "library/container",
    "library/terminal",
    "library/container",
  ]);
});

/** Depth first: a file met again while it is still open closes a circle. */
function circle(needs: ReadonlyMap<string, readonly string[]>): string[] {
  const closed = new Set<string>();
  const visit = (name: string, open: readonly string[]): string[] => {
    if (open.includes(name)) return [...open.slice(open.indexOf(name)), name];
    if (closed.has(name)) return [];
    const found = (needs.get(name) ?? []).map((next) => visit(next, [...open, name]));
    closed.add(name);
    return found.find(({ length }) => length > 0) ?? [];
  };
  return [...needs.keys()].map((name) => visit(name, [])).find(({ length }) => length > 0) ?? [];
}
