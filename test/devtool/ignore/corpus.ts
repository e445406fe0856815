import { mkdirSync, writeFileSync } from "node:fs";
import { localPath } from "../../../devtool/paths/bytes.ts";
import fc from "../../rig/fast-check.ts";

/** Bytes, one code unit each. */
const NAMES = [
  "a",
  "b",
  "ab",
  "a.c",
  "b.o",
  "B.O",
  "A",
  "build",
  "src",
  "x y",
  "x ",
  "*",
  "a[b",
  "\xc3\xa9",
  "\xff\xfe",
  "\\n",
  "a\nb",
  "\t\v",
  "-d",
  ".h",
  "]",
  "a-z",
  "!k",
  "#c",
];
const DIRECTORIES = [
  "",
  "src/",
  "src/a/",
  "build/",
  "a/",
  "a/b/",
  "a/b/src/",
  "ab/",
  "build/x y/",
  ".h/",
  "Src/",
  "Src/BUILD/",
];
const PATHS = DIRECTORIES.flatMap((directory) => NAMES.map((name) => `${directory}${name}`));

/** Every path of the test's tree, in bytes: directories are those that have something below. */
export const TREE: ReadonlyMap<string, boolean> = new Map(
  [...PATHS, "Src", "Src/BUILD"].map((path) => [path, PATHS.some((other) => other.startsWith(`${path}/`))]),
);

export function makeTree(root: string): void {
  for (const directory of DIRECTORIES) mkdirSync(localPath(root, directory), { recursive: true });
  for (const [path, isDirectory] of TREE) if (!isDirectory) writeFileSync(localPath(root, path), "");
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
  "x\\ ",
  "\\a",
  "a\\",
  "a**",
  "**b",
  "a*b*",
  "*a*b*c*",
  "**\\",
  "A",
  "[A]b",
  "[A-C]",
  "[[:upper:]]*",
  "[[:lower:]]",
  "[[:space:]]*",
  "[[:cntrl:]]*",
  "[[:print:]]*",
  "[^[:alnum:]]*",
  "[[:a]b]",
  "[a/b]",
  "[!a/b]",
  "[+--]",
  "[--0]*",
  "[]-a]",
  "[\\]]",
  "[a\\-z]*",
  "BUILD",
  "Src",
  "*.C",
  "?xff*",
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
