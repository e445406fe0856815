import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { createToolReader } from "../../../../devtool/build/diagnostics/reader.ts";
import { diagnosticLine } from "../../../../devtool/report/diagnostic.ts";
import { golden } from "../../../rig/golden.ts";

/** What tools of Debian 12 printed for a broken project in /home/me/p; by tool, the folder they were started in. */
const PRINTED = join(import.meta.dirname, "printed");
const FOLDERS: Readonly<Record<string, string>> = {
  cargo: "rs/src",
  "cargo-panic": "rs",
  cmake: "cm",
  cgo: "go",
  go: "go",
  gomod: "go",
  govet: "go",
  "make-bad": "",
  "make-false": "",
  "make-norule": "",
  ld: "",
  "ld-cmake": "cm",
  python: "py",
  spaces: "c d",
  "spaces-cmake": "cs",
  tsc: "ts",
};
const FILES = [
  "cm/src/main.c",
  "ts/src/a.ts",
  "ts/src/b.ts",
  "py/gen.py",
  "py/lib/x.py",
  "py/bad.py",
  "c/main.c",
  "c/l.c",
  "c/b.c",
  "rs/src/main.rs",
  "rs/build.rs",
  "go/main.go",
  "go/sub/sub.go",
  "go/sub/add.c",
  "go/add.c",
  "go/p/main.go",
  "cm/CMakeLists.txt",
  "c d/my main.c",
  "c d/my head.h",
  "c d/sub head.h",
  "c d/o.c",
  "cs/src dir/my main.c",
  "cs/src dir/o.c",
];

for (const file of readdirSync(PRINTED).filter((name) => !name.includes("golden"))) {
  const tool = file.replace(".txt", "");
  test(`what ${tool} printed becomes diagnostics with the developer's paths, as in the golden file`, () => {
    const place = {
      mirror: "/home/me/p",
      folder: FOLDERS[tool] ?? "c",
      hasFile: (path: string) => FILES.includes(path),
    };
    const read = createToolReader(place);
    const lines = readFileSync(join(PRINTED, file), "utf8").trimEnd().split("\n");
    const found = lines.flatMap((line) => read(line) ?? []);
    const shown = found.map(({ text, diagnostic }) => (diagnostic ? `! ${diagnosticLine(diagnostic)}` : `  ${text}`));
    golden(join(PRINTED, `${tool}.golden.txt`), `${shown.join("\n")}\n`);
  });
}

test("a rule that failed without a message is an error, and one whose command reported an error is not", () => {
  const errors = (lines: readonly string[]) => {
    const read = createToolReader({ mirror: "/p", folder: "", hasFile: () => true });
    return lines.map((line) => read(line)?.diagnostic?.text);
  };
  const rule = "make: *** [Makefile:3: a.o] Error 1";
  assert.deepEqual(errors([rule]), ["a.o: Error 1"]);
  assert.deepEqual(errors(["a.c:1:1: error: x", rule]), ["x", undefined]);
  assert.deepEqual(errors([rule, "make[2]: *** Deleting file 'a.o'"]), ["a.o: Error 1", undefined]);
});

test("the linker's messages name a source in the project's own folder as the compiler's do", () => {
  const read = createToolReader({ mirror: "/p", folder: "", hasFile: (path) => posix.normalize(path) === "a.c" });
  const lines = ["/usr/bin/ld: a.o: in function `main':", "a.c:(.text+0xa): undefined reference to `b'"];
  assert.equal(lines.map(read).at(-1)?.diagnostic?.file, "a.c");
});
