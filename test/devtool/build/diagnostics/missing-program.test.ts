import assert from "node:assert/strict";
import { test } from "node:test";
import { missingProgram } from "../../../../devtool/build/diagnostics/missing-program.ts";

/** Lines as these tools print them, and the program that is missing. */
const LINES: readonly (readonly [string, string])[] = [
  ["/bin/sh: 1: g++: not found", "g++"],
  ["sh: 3: exec: tool-1.2: not found", "tool-1.2"],
  ["sh: protoc: not found", "protoc"],
  ["bash: line 1: tsc: command not found", "tsc"],
  ["./build.sh: line 12: ninja: command not found", "ninja"],
  ["/bin/sh: 1: tool: Permission denied", "tool"],
  ["make: gcc: No such file or directory", "gcc"],
  ["make[2]: cc: Permission denied", "cc"],
  ["env: ‘python3’: No such file or directory", "python3"],
  ["/usr/bin/env: 'node': No such file or directory", "node"],
  ["error: linker `cc` not found", "cc"],
  ['cgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH', "gcc"],
  ["  No CMAKE_C_COMPILER could be found.", "cc"],
  ["  No CMAKE_CXX_COMPILER could be found.", "c++"],
  [
    'CMake Error: CMake was unable to find a build program corresponding to "Unix Makefiles".  CMAKE_MAKE_PROGRAM is not set.',
    "make",
  ],
  ["cat: a.txt: No such file or directory", ""],
  ["make: *** No rule to make target 'a'.  Stop.", ""],
  ["main.c:1:10: error: x: not found", ""],
];

for (const [line, program] of LINES)
  test(`${program || "no program"} is missing: ${line}`, () => assert.equal(missingProgram(line), program));
