import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Failure } from "../../../devtool/failure.ts";
import { createFilter } from "../../../devtool/ignore/filter.ts";
import { rulesOf } from "../../../devtool/sync/filter/rules.ts";
import fc from "../../rig/fast-check.ts";
import { temporaryRoot } from "../../rig/host.ts";
import { localConnection, places, rsyncHere, snapshot, syncHere, withProtocol } from "./rig.ts";
import { makeTree, pathsOf, replaceTree, trees } from "./trees.ts";

/** One property run's own directory. */
async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(temporaryRoot(), "tinydocker-test."));
  try {
    await body(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Without anything to sync a full round is refused. */
const SOMETHING = { ".keep": { kind: "file", content: "", mode: 0o644, time: 0 } } as const;

for (const [protocol, connection] of [
  ["31", localConnection()],
  ["30", withProtocol(30)],
] as const) {
  test(`any tree replaces any other as C rsync does it, over protocol ${protocol}`, async () => {
    await fc.assert(
      fc.asyncProperty(trees, trees, async (first, second) => {
        await inDirectory(async (directory) => {
          const here = places(directory);
          const oracle = { root: here.root, mirror: `${directory}/oracle` };
          for (const tree of [first, second]) {
            replaceTree(here.root, { ...tree, ...SOMETHING });
            const report = await syncHere(here, connection);
            assert.deepEqual(report.notices, []);
            assert.equal(rsyncHere(oracle), 0);
            const made = snapshot(here.mirror);
            if (protocol === "31") assert.deepEqual(made, snapshot(here.root));
            else assert.deepEqual(withoutNanoseconds(made), withoutNanoseconds(snapshot(here.root)));
            assert.deepEqual(withoutNanoseconds(made), withoutNanoseconds(snapshot(oracle.mirror)));
          }
        });
      }),
      { numRuns: 15 },
    );
  });
}

/** Protocol 30 knows only seconds. */
function withoutNanoseconds(all: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(all).map(([path, line]) => {
      const [mode, nanoseconds = "0", ...rest] = line.split(" ");
      return [path, [mode, Math.floor(Number(nanoseconds) / 1e9), ...rest].join(" ")];
    }),
  );
}

test("a watch round that names every path leaves what a full round leaves", async () => {
  await fc.assert(
    fc.asyncProperty(trees, trees, async (first, second) => {
      await inDirectory(async (directory) => {
        const here = places(directory);
        makeTree(here.root, { ...first, ...SOMETHING });
        await syncHere(here);
        replaceTree(here.root, { ...second, ...SOMETHING });
        const named = [...pathsOf(first), ...pathsOf(second)];
        await syncHere({ ...here, changed: [...named, ".keep"] });
        const got = snapshot(here.mirror);
        assert.deepEqual(got, snapshot(here.root));
      });
    }),
    { numRuns: 15 },
  );
});

const PATTERNS = ["a", "a/", "*.c", "/ab", "a-b/**", "**/b", "A/*", "~", ".hidden/"];
/** So many rules that the receiver gets names instead. */
const MANY = Array.from({ length: 600 }, (_, i) => `/none/${i}`);

for (const [title, patterns, more] of [
  ["", [...PATTERNS, "!a b"], []],
  [", also by very many rules", PATTERNS, MANY],
] as const) {
  test(`excluded files of the mirror stay through any change of the project, as with C rsync${title}`, async () => {
    const lists = fc.array(fc.constantFrom(...patterns), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(trees, trees, lists, async (project, onTarget, exclude) => {
        await inDirectory(async (directory) => {
          const filter = createFilter({ exclude: [...more, ...exclude] });
          const here = places(directory);
          makeTree(here.root, { ...project, ...SOMETHING });
          const oracle = { root: here.root, mirror: `${directory}/oracle` };
          for (const { mirror } of [here, oracle]) {
            mkdirSync(mirror);
            makeTree(mirror, onTarget);
          }
          // Where something excluded is in the way of something new, both keep it and fail.
          if (rsyncHere(oracle, rulesOf(filter)) === 23) await assert.rejects(syncHere({ ...here, filter }), Failure);
          else await syncHere({ ...here, filter });
          assert.deepEqual(
            withoutTimesOfDirectories(snapshot(here.mirror)),
            withoutTimesOfDirectories(snapshot(oracle.mirror)),
          );
        });
      }),
      { numRuns: 15 },
    );
  });
}

/** A directory that isn't in the project gets the time of what was deleted from it. */
function withoutTimesOfDirectories(all: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(withoutNanoseconds(all)).map(([path, line]) => [
      path,
      /^4[0-7]{4} /.test(line) ? (line.split(" ")[0] ?? "") : line,
    ]),
  );
}
