import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { Failure } from "../../../devtool/failure.ts";
import { createFilter } from "../../../devtool/ignore/filter.ts";

const NAMES = [
  "a",
  "b",
  "ab",
  "a.c",
  "b.o",
  "build",
  "src",
  "x y",
  "*",
  "a[b",
  "é",
  "\\n",
  "-d",
  ".h",
  "]",
  "a-z",
  "!k",
  "#c",
];
const DIRECTORIES = ["", "src/", "src/a/", "build/", "a/", "a/b/", "a/b/src/", "ab/", "build/x y/", ".h/"];
const PATHS = DIRECTORIES.flatMap((directory) => NAMES.map((name) => `${directory}${name}`));

/** Every path of the test's tree: directories are those that have something below. */
export const TREE: ReadonlyMap<string, boolean> = new Map(
  PATHS.map((path) => [path, PATHS.some((other) => other.startsWith(`${path}/`))]),
);

export function makeTree(root: string): void {
  for (const directory of DIRECTORIES) mkdirSync(join(root, directory), { recursive: true });
  for (const [path, isDirectory] of TREE) if (!isDirectory) writeFileSync(join(root, path), "");
}

const part = fc.constantFrom(
  "a",
  "b",
  "ab",
  "src",
  "build",
  "*",
  "?",
  "**",
  "*.c",
  "*.o",
  "b*",
  "[ab]",
  "[!a]",
  "[^b]*",
  "[a-c]b",
  "[[:alpha:]]",
  "\\*",
  "a[[]b",
  "\\!k",
  "\\#c",
  "x y",
  "é",
  "??",
  "[]]",
  "[z-a]",
  "a**b",
  "*b*",
  "\\\\n",
  ".h",
  "-d",
  "[é]*",
  "[[:punct:]]*",
  "[b",
  "***",
  "[[:nope:]]",
  "x ",
);
/** One line of gitignore syntax. */
export const line = fc
  .tuple(
    fc.constantFrom("", "", "", "!"),
    fc.constantFrom("", "/"),
    fc.array(part, { minLength: 1, maxLength: 3 }),
    fc.constantFrom("", "", "/"),
  )
  .map(([negation, start, parts, end]) => negation + start + parts.join("/") + end);
export const lines = fc.array(line, { minLength: 1, maxLength: 4 });

/** createFilter refuses some odd patterns; those are not what these tests are about. */
export function filterOrSkip(patterns: Parameters<typeof createFilter>[0]) {
  try {
    return createFilter(patterns);
  } catch (error) {
    fc.pre(!(error instanceof Failure));
    throw error;
  }
}
