import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { importInto, snapshot } from "../rig.ts";
import { grow, randomTree } from "../tree.ts";

const root = process.geteuid?.() === 0 ? undefined : "root";

test("an image contains exactly what GNU tar extracts from the same archive, whatever its format", async (context) => {
  if (!needs(context, root)) return;
  const directory = await temporaryDirectory(context);
  let round = 0;
  await fc.assert(
    fc.asyncProperty(randomTree, fc.constantFrom("gnu", "pax"), async (leaves, format) => {
      const at = join(directory, String(round++));
      const [tree, expected] = [join(at, "tree"), join(at, "expected")];
      await mkdir(tree, { recursive: true });
      await mkdir(expected);
      // tar-stream reads GNU's times before 1970 a second off; nothing in a root file system is that old.
      grow(tree, format === "gnu" ? leaves.map((leaf) => ({ ...leaf, eighths: Math.abs(leaf.eighths) })) : leaves);
      execFileSync("tar", ["-C", tree, `--format=${format}`, "-cf", join(at, "tree.tar"), "."]);
      execFileSync("tar", ["-C", expected, "--warning=no-timestamp", "--numeric-owner", "-xpf", join(at, "tree.tar")]);
      const { rootfs } = await importInto(at, "image", join(at, "tree.tar"));
      assert.deepEqual(snapshot(rootfs), snapshot(expected));
    }),
    { numRuns: 60 },
  );
});

test("an image of a directory contains exactly what the directory does", async (context) => {
  if (!needs(context, root)) return;
  const directory = await temporaryDirectory(context);
  let round = 0;
  await fc.assert(
    fc.asyncProperty(randomTree, async (leaves) => {
      const at = join(directory, String(round++));
      await mkdir(join(at, "tree"), { recursive: true });
      grow(join(at, "tree"), leaves);
      const { rootfs } = await importInto(join(at, "state"), "image", join(at, "tree"));
      assert.deepEqual(snapshot(rootfs), snapshot(join(at, "tree")));
    }),
    { numRuns: 60 },
  );
});
