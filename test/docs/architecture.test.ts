import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

const PROJECT = join(import.meta.dirname, "../..");
const PROGRAMS = ["devtool", "runtime", "native"];
/** Made by builds and tools, or known to everyone who opens a repository. */
const UNNAMED =
  /^(node_modules|dist.*|\.git|\.gitignore|\.devtool|\.vagrant|native|runtime|devtool|package-lock\.json|.*\.md|.*\.tgz|LICENSE)$/;

/** One row of a table: the code spans of its first cell, and of all its cells. */
interface Row {
  readonly names: readonly string[];
  readonly spans: readonly string[];
}

function read(page: string): string {
  return readFileSync(join(PROJECT, page), "utf8");
}

function rowsOf(page: string): Row[] {
  const lines = read(page)
    .split("\n")
    .filter((line) => line.startsWith("| "));
  return lines.map((line) => ({ names: spansOf(line.split(" | ")[0] ?? ""), spans: spansOf(line) }));
}

function spansOf(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
}

/** Folder → its source files; a header beside a C file with the same name belongs to it. */
function sources(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const visit = (folder: string) => {
    const entries = readdirSync(join(PROJECT, folder), { withFileTypes: true });
    const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    const files = names.filter((name) => /\.(ts|c)$/.test(name) || isLoneHeader(name, names));
    if (files.length > 0) found.set(`${folder}/`, files);
    for (const entry of entries)
      if (entry.isDirectory() && `${folder}/${entry.name}` !== "native/build") visit(`${folder}/${entry.name}`);
  };
  for (const program of PROGRAMS) visit(program);
  return found;
}

function isLoneHeader(name: string, names: readonly string[]): boolean {
  return name.endsWith(".h") && !names.includes(name.replace(/h$/, "c"));
}

describe("ARCHITECTURE.md", () => {
  const rows = rowsOf("ARCHITECTURE.md");

  it("has a row for every folder of the programs, which names every file in it", () => {
    for (const [folder, files] of sources()) {
      const spans = new Set(rows.filter(({ names }) => names.includes(folder)).flatMap((row) => row.spans));
      assert.ok(spans.size > 0, `no row for ${folder}`);
      assert.deepEqual(
        files.filter((file) => !spans.has(file)),
        [],
        `files of ${folder} without a word`,
      );
    }
  });

  it("names no folder or file that does not exist", () => {
    const folders = sources();
    for (const { names, spans } of rows) {
      for (const folder of names.filter((name) => PROGRAMS.some((program) => name.startsWith(`${program}/`)))) {
        const files = folders.get(folder) ?? assert.fail(`there is no ${folder}`);
        const all = new Set([...files, ...readdirSync(join(PROJECT, folder))]);
        const named = spans.filter((span) => /^[\w.-]+\.(ts|c|h)$/.test(span));
        assert.deepEqual(
          named.filter((file) => !all.has(file)),
          [],
          `not in ${folder}`,
        );
      }
    }
  });

  it("names every entry of the repository's top level, and every folder of test/", () => {
    const spans = new Set(rows.flatMap((row) => row.spans));
    const isNamed = (name: string) => spans.has(name) || spans.has(`${name}/`);
    assert.deepEqual(
      readdirSync(PROJECT).filter((name) => !UNNAMED.test(name) && !isNamed(name)),
      [],
    );
    const groups = readdirSync(join(PROJECT, "test"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.deepEqual(
      groups.map(({ name }) => name).filter((name) => !isNamed(name)),
      [],
    );
  });

  it("names an existing test for each invariant", () => {
    const invariants = read("ARCHITECTURE.md")
      .split("\n")
      .filter((line) => /^\| \d+ \|/.test(line));
    assert.ok(invariants.length >= 15);
    for (const line of invariants) {
      const paths = [...line.matchAll(/\btest\/[\w./-]*\w/g)].map(([path]) => path);
      assert.ok(paths.length > 0, line);
      for (const path of paths) assert.ok(existsSync(join(PROJECT, path)), `${path} is not there`);
    }
  });

  it("has the same rows in Chinese, with the same names in each", () => {
    const named = (page: string) => rowsOf(page).map(({ names, spans }) => [names, [...spans].sort()]);
    assert.deepEqual(named("ARCHITECTURE.zh-CN.md"), named("ARCHITECTURE.md"));
  });
});
