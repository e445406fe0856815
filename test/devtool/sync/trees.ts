import { chmodSync, lutimesSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import fc from "../../rig/fast-check.ts";

/** What a test puts into a directory; names are byte strings. */
export type Node =
  | { readonly kind: "file"; readonly content: string; readonly mode: number; readonly time: number }
  | { readonly kind: "link"; readonly target: string; readonly time: number }
  | { readonly kind: "directory"; readonly children: Tree; readonly mode: number; readonly time: number };
export type Tree = Readonly<Record<string, Node>>;

/** Names that sort, split or print badly: a file may be `a`, its neighbours `a-b`, `a.c` and the directory `ab/`. */
const NAMES = [
  "a",
  "b",
  "ab",
  "a-b",
  "a.c",
  "a b",
  "A",
  "-rf",
  ".hidden",
  "new\nline",
  "\xc3\xa9",
  "\xff\xfe",
  "*",
  "#",
  "~",
  "a\\b",
  "x".repeat(255),
  "\"'$`",
];
const TIMES = [0, 1_700_000_000, 1_700_000_000.25, -86_400.5, 4_200_000_000.125, 1_700_000_001.999];

const time = fc.constantFrom(...TIMES);
const content = fc.oneof(
  fc.constantFrom("", "x", "line\n".repeat(30)),
  fc
    .tuple(fc.nat(255), fc.nat(900))
    .map(([byte, length]) => String.fromCharCode(byte).repeat(length) + "end".repeat(length % 7)),
);

export const trees = fc.letrec<{ tree: Tree; node: Node }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({
      kind: fc.constant("file" as const),
      content,
      mode: fc.constantFrom(0o644, 0o755, 0o600, 0o444, 0o4755, 0),
      time,
    }),
    fc.record({
      kind: fc.constant("link" as const),
      target: fc.constantFrom("a", "../..", "/nonexistent", "\xff", "a b"),
      time,
    }),
    fc.record({
      kind: fc.constant("directory" as const),
      children: tie("tree"),
      mode: fc.constantFrom(0o755, 0o700, 0o1777, 0o555),
      time,
    }),
  ),
  tree: fc.dictionary(fc.constantFrom(...NAMES), tie("node"), { maxKeys: 6, noNullPrototype: true }),
})).tree;

function bytes(path: string): Buffer {
  return Buffer.from(path, "latin1");
}

export function makeTree(directory: string, tree: Tree): void {
  for (const [name, node] of Object.entries(tree)) {
    const path = `${directory}/${name}`;
    if (node.kind === "link") symlinkSync(bytes(node.target), bytes(path));
    if (node.kind === "file") writeFileSync(bytes(path), node.content, "latin1");
    if (node.kind === "directory") {
      mkdirSync(bytes(path));
      makeTree(path, node.children);
    }
    if (node.kind !== "link") chmodSync(bytes(path), node.mode);
    // Node.js takes a negative number for now.
    const time = node.time < 0 ? new Date(node.time * 1000) : node.time;
    lutimesSync(bytes(path), time, time);
  }
}

export function replaceTree(directory: string, tree: Tree): void {
  for (const name of readdirSync(directory, "buffer")) {
    rmSync(Buffer.concat([bytes(`${directory}/`), name]), { recursive: true });
  }
  makeTree(directory, tree);
}

/** All paths of a tree, as a watcher would name them. */
export function pathsOf(tree: Tree, prefix = ""): string[] {
  return Object.entries(tree).flatMap(([name, node]) => {
    const path = `${prefix}${name}`;
    return node.kind === "directory" ? [path, ...pathsOf(node.children, `${path}/`)] : [path];
  });
}
