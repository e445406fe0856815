import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { createToolReader } from "../../../../devtool/build/diagnostics/reader.ts";
import { golden } from "../../../rig/golden.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { lacks } from "../../rig.ts";

/** What the compiler prints, and what devtool reports. */
const LINES: readonly (readonly [string, string, string | undefined])[] = [
  ["an error", "shim.c:12:3: error: expected ';'", "native/shim.c:12:3: error: expected ';'"],
  [
    "a fatal error",
    "shim.c:1:10: fatal error: x.h: No such file",
    "native/shim.c:1:10: fatal error: x.h: No such file",
  ],
  ["a warning", "./sub/../shim.c:2:1: warning: unused", "native/shim.c:2:1: warning: unused"],
  ["a note in a header beside the folder", "../include/a.h:3:5: note: here", "include/a.h:3:5: note: here"],
  ["a line without column", "shim.c:7: error: macro", "native/shim.c:7: error: macro"],
  ["an absolute path in the mirror", "/home/m/p/native/a.c:1:2: error: x", "native/a.c:1:2: error: x"],
  ["a system header", "/usr/include/stdio.h:1:2: error: x", "/usr/include/stdio.h:1:2: error: x"],
  ["where a header came from", "In file included from shim.h:3,", "In file included from native/shim.h:3,"],
  ["the rest of it", "                 from shim.c:1:", "                 from native/shim.c:1:"],
  ["the function", "shim.c: In function 'main':", "native/shim.c: In function 'main':"],
  ["what used a template", "shim.cc:5:40:   required from here", "native/shim.cc:5:40:   required from here"],
  ["that the assembler says", "shim.S: Assembler messages:", "native/shim.S: Assembler messages:"],
  ["an error of the assembler", "shim.S:3: Error: no such instruction", "native/shim.S:3: error: no such instruction"],
  ["a source line", "   12 |   int x", "   12 |   int x"],
  [
    "the linker",
    "shim.c:(.text+0x5): undefined reference to `f'",
    "native/shim.c:(.text+0x5): undefined reference to `f'",
  ],
  [
    "the rule that failed",
    "make: *** [Makefile:20: build/a.so] Error 1",
    "make: *** [native/Makefile:20: build/a.so] Error 1",
  ],
  ["make leaving", "make: Leaving directory '/home/m/p/native'", undefined],
  ["a line of no kind", "gcc: error: unrecognized option", "gcc: error: unrecognized option"],
];

for (const [title, printed, read] of LINES) {
  test(`compiler output: ${title} names files from the project's root`, () => {
    const reader = createToolReader({ mirror: "/home/m/p", folder: "", hasFile: () => false });
    assert.equal(reader("make: Entering directory '/home/m/p/native'"), undefined);
    assert.equal(reader(printed)?.text, read);
  });
}

test("what undefined behaviour a sanitizer finds in a test that make runs is an error at its place", () => {
  const read = createToolReader({ mirror: "/home/m/p", folder: "native", hasFile: () => false });
  assert.deepEqual(read("add.c:2:49: runtime error: signed integer overflow: 2147483647 + 1")?.diagnostic, {
    file: "native/add.c",
    line: 2,
    column: 49,
    severity: "error",
    text: "runtime error: signed integer overflow: 2147483647 + 1",
  });
});

test("a make within a make is followed in and out", () => {
  const reader = createToolReader({ mirror: "/p", folder: "", hasFile: () => false });
  const files = [
    "make: Entering directory '/p/native'",
    "a.c:1:1: error: a",
    "make[1]: Entering directory '/p/native/sub'",
    "a.c:1:1: error: b",
    "make[1]: Leaving directory '/p/native/sub'",
    "a.c:1:1: error: c",
    "make: Leaving directory '/p/native'",
  ].map((line) => reader(line)?.diagnostic?.file);
  assert.deepEqual(files, [undefined, "native/a.c", undefined, "native/sub/a.c", undefined, "native/a.c", undefined]);
});

const SOURCES = {
  "native/Makefile": "all:\n\tgcc -Wall -Wextra -c -o a.o a.c; $(MAKE) -C sub\n",
  "native/a.c": '#include "a.h"\nint f(void) { int unused; return g(1); }\n',
  "native/a.h": "int g(int, int);\nint broken\n",
  "native/sub/Makefile": "all:\n\tgcc -c -o b.o b.c\n",
  "native/sub/b.c": "int h(void) { return }\n",
};

test("what the real gcc and make print becomes the golden text", async (t) => {
  if (!needs(t, lacks("gcc", "make"))) return;
  const root = await temporaryDirectory(t);
  for (const [path, text] of Object.entries(SOURCES)) {
    await mkdir(join(root, path, ".."), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const env = { ...process.env, LC_ALL: "C.UTF-8", GCC_COLORS: "", MAKEFLAGS: "", MAKELEVEL: "" };
  const printed = await new Promise<string>((resolve) => {
    execFile("sh", ["-c", "make -C native --silent --print-directory 2>&1"], { cwd: root, env }, (_, stdout) =>
      resolve(stdout),
    );
  });
  const reader = createToolReader({ mirror: root, folder: "native", hasFile: (path) => existsSync(join(root, path)) });
  const read = printed
    .trimEnd()
    .split("\n")
    .flatMap((line) => reader(line) ?? []);
  const found = `${read
    .filter(({ text, diagnostic }) => diagnostic || /^(In file|\s+from|make|\S+: In )/.test(text))
    .map(({ text }) => text)
    .join("\n")}\n`;
  golden(join(import.meta.dirname, "gcc.golden.txt"), found);
});
