import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { filterOf } from "../../../devtool/ignore/filter.ts";
import { readRules } from "../../../devtool/ignore/read.ts";
import fc from "../../rig/fast-check.ts";
import { temporaryDirectory } from "../../rig/host.ts";
import { line, makeTree, TREE } from "./corpus.ts";

/** A repository with a project in it, a corpus of names in that, and files that git reads patterns from. */
interface Corpus {
  readonly root: string;
  /** Writes the ignore files; those without lines are removed. */
  write(files: Readonly<Record<string, readonly string[]>>): void;
  /** The paths of the tree, and these, that git ignores: bytes. */
  ignoredByGit(more?: readonly string[]): Set<string>;
}

async function corpus(t: TestContext, ignoreCase: boolean): Promise<Corpus> {
  const top = await temporaryDirectory(t);
  const root = join(top, "a/b");
  makeTree(root);
  const git = (...args: string[]) => spawnSync("git", ["-C", root, ...args]);
  spawnSync("git", ["init", "-q", top]);
  git("config", "core.excludesFile", join(top, ".git/global"));
  git("config", "core.ignoreCase", String(ignoreCase));
  const write: Corpus["write"] = (files) => {
    for (const [path, lines] of Object.entries(files)) {
      if (lines.length === 0) rmSync(join(top, path), { force: true });
      else writeFileSync(join(top, path), Buffer.from(lines.join("\n"), "latin1"));
    }
  };
  const ignoredByGit = (more: readonly string[] = []) => {
    const input = Buffer.from([...TREE.keys(), ...more].join("\0"), "latin1");
    const ran = spawnSync("git", ["-C", root, "check-ignore", "-z", "--stdin"], { input, encoding: "latin1" });
    assert.ok(ran.status === 0 || ran.status === 1, ran.stderr); // 1: none is ignored
    return new Set(ran.stdout.split("\0"));
  };
  return { root, write, ignoredByGit };
}

const FILES = [
  ".git/global",
  ".git/info/exclude",
  ".gitignore",
  "a/.gitignore",
  "a/b/.gitignore",
  "a/b/src/.gitignore",
  "a/b/a/.gitignore",
  "a/b/a/b/.gitignore",
];
/** Lines of a file above the project may name it. */
const outerLine = fc.oneof(
  line,
  fc
    .tuple(
      fc.constantFrom("", "!"),
      fc.constantFrom("a/b/", "/a/b/", "**/b/", "a/**/", "a/*/", "b/", "*/b/", "/**/"),
      line,
    )
    .map(([sign, start, rest]) => sign + start + rest.replace(/^!?\/?/, "")),
);
const files = fc.record(
  Object.fromEntries(
    FILES.map((path) => [
      path,
      fc.array(path.startsWith("a/b/") ? line : outerLine, { maxLength: path === "a/b/.gitignore" ? 4 : 2 }),
    ]),
  ),
);

for (const ignoreCase of [false, true]) {
  test(`what is sent is what git does not ignore, whichever files say so, core.ignoreCase ${ignoreCase}`, async (t) => {
    const { root, write, ignoredByGit } = await corpus(t, ignoreCase);
    await fc.assert(
      fc.asyncProperty(files, async (written) => {
        write(written);
        const ignored = ignoredByGit(["."]);
        fc.pre(!ignored.has("."));
        const filter = filterOf((await readRules(root, {})).rules, []);
        for (const [path, isDirectory] of TREE) {
          assert.equal(filter.includes(path, isDirectory), !ignored.has(path), JSON.stringify([written, path]));
        }
      }),
      { numRuns: 150 },
    );
  });
}
