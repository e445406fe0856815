import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { posix } from "node:path";
import fc from "../../rig/fast-check.ts";

/** One file of a random tree; `path` as byte string. */
interface Leaf {
  readonly path: string;
  readonly kind: "file" | "directory" | "symlink" | "hardlink" | "fifo";
  readonly content: Uint8Array;
  readonly target: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Eighths of a second: exact as a double and as nanoseconds. */
  readonly eighths: number;
}

/** Bytes of a file name: plain, hard for a shell or a terminal, not UTF-8, and of the maximum length. */
const name = fc
  .oneof(
    { weight: 6, arbitrary: fc.stringMatching(/^[a-c]{1,2}$/) },
    {
      weight: 2,
      arbitrary: fc.constantFrom("a b", "new\nline", "-rf", "*", "'\"$(x)", "\\", "naïve", "名", "~", "\x07"),
    },
    { weight: 1, arbitrary: fc.constant("l".repeat(255)) },
  )
  .map((text) => Buffer.from(text).toString("latin1"));

const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));

const leaf: fc.Arbitrary<Leaf> = fc.record({
  path,
  kind: fc.constantFrom("file", "file", "directory", "symlink", "hardlink", "fifo"),
  content: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 511, maxLength: 1_025, size: "max" })),
  target: fc.oneof(
    path,
    path.map((to) => `/${to}`),
    fc.constant("/etc/../etc/passwd"),
  ),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  uid: fc.constantFrom(0, 1_000, 2_097_151, 2_097_152, 4_000_000_000),
  gid: fc.constantFrom(0, 5, 2_097_152),
  eighths: fc.oneof(fc.integer({ min: 0, max: 2 ** 34 }), fc.integer({ min: -(2 ** 30), max: 0 })),
});

export const randomTree: fc.Arbitrary<readonly Leaf[]> = fc.array(leaf, { maxLength: 14 });

/**
 * Makes the tree below `top`; a leaf whose path exists already, or whose parent is not a directory, is left out: a symlink
 * among them may lead anywhere. Needs root for the owners.
 */
export function grow(top: string, leaves: readonly Leaf[]): void {
  const full = (path: string) => Buffer.concat([Buffer.from(`${top}/`), Buffer.from(path, "latin1")]);
  const at = (path: string) => lstatSync(full(path), { throwIfNoEntry: false });
  const isFree = (path: string): boolean => {
    const blocked = [...parentsOf(path), path].find((part) => at(part)?.isDirectory() !== true);
    return blocked !== undefined && at(blocked) === undefined;
  };
  const made: Leaf[] = [];
  for (const leaf of leaves) {
    if (!isFree(leaf.path)) continue;
    mkdirSync(full(posix.dirname(leaf.path)), { recursive: true });
    make(leaf, full(leaf.path), made, full);
    made.push(leaf);
  }
  for (const leaf of made.reverse()) dress(leaf, full(leaf.path));
  const leafPaths = new Set(made.map(({ path }) => path));
  const parents = new Set(made.flatMap(({ path }) => parentsOf(path)));
  for (const path of ["", ...parents]) if (!leafPaths.has(path)) lutimesSync(full(path), 1, 1);
}

/** From the top, which is the empty path, down. */
function parentsOf(path: string): string[] {
  return path.split("/").map((_, depth, all) => all.slice(0, depth).join("/"));
}

function make(leaf: Leaf, path: Buffer, made: readonly Leaf[], full: (path: string) => Buffer): void {
  const linked = made.find(({ kind }) => kind === "file" || kind === "symlink");
  if (leaf.kind === "directory") mkdirSync(path);
  else if (leaf.kind === "symlink") symlinkSync(Buffer.from(leaf.target, "latin1"), path);
  else if (leaf.kind === "fifo") execFileSync("mkfifo", ["--", path.toString()]);
  else if (leaf.kind === "hardlink" && linked) linkSync(full(linked.path), path);
  else writeFileSync(path, leaf.content);
}

function dress({ uid, gid, mode, eighths, kind }: Leaf, path: Buffer): void {
  lchownSync(path, uid, gid);
  if (kind !== "symlink" && kind !== "hardlink") chmodSync(path, mode);
  // A Date, because Node.js reads a negative number as the present time.
  const time = new Date(eighths * 125);
  lutimesSync(path, time, time);
}
