import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Imported } from "../../../../runtime/image/import.ts";
import fc from "../../../rig/fast-check.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { importInto, snapshot } from "../rig.ts";
import { grow, randomTree } from "../tree.ts";

const root = process.geteuid?.() === 0 ? undefined : "root";

test("an image contains exactly what GNU tar extracts from the same archive, whatever its format", async (context) => {
  if (!needs(context, root)) return;
  const directory = await temporaryDirectory(context);
  let round = 0;
  await fc.assert(
    fc.asyncProperty(randomTree, fc.constantFrom("gnu", "pax", "oldgnu", "ustar", "v7"), async (leaves, format) => {
      const at = join(directory, String(round++));
      await mkdir(join(at, "tree"), { recursive: true });
      grow(join(at, "tree"), leaves);
      // What a format has no place for is left out of the archive.
      pack(at, "--ignore-failed-read", `--format=${format}`);
      await compareWithTar(at);
    }),
    { numRuns: 80 },
  );
});

const SPARSE = [
  "--format=gnu",
  "--format=oldgnu",
  "--sparse-version=0.0",
  "--sparse-version=0.1",
  "--sparse-version=1.0",
];

for (const format of SPARSE) {
  test(`a sparse file that is packed by tar --sparse ${format} has the same content and holes`, async (context) => {
    if (!needs(context, root)) return;
    const at = await temporaryDirectory(context);
    await mkdir(join(at, "tree"));
    const parts = [0, 5, 6].map((block) => block * 65_536);
    for (const name of ["few", "hole at the end", "l".repeat(200)]) await sparseFile(join(at, "tree", name), parts, 0);
    await sparseFile(
      join(at, "tree", "many"),
      Array.from({ length: 150 }, (_, index) => index * 131_072),
      30_000_000,
    );
    await sparseFile(join(at, "tree", "nothing"), [], 10_000_000);
    pack(at, "--sparse", format);
    const { rootfs, record } = await compareWithTar(at);
    assert.ok(record.bytes < 1_000_000, "holes are not counted");
    for (const name of ["many", "nothing"])
      assert.ok((await stat(join(rootfs, name))).blocks < 2_000, `${name} has holes`);
  });
}

function pack(at: string, ...options: string[]): void {
  const form = options.some((option) => option.startsWith("--format")) ? [] : ["--format=pax"];
  const arguments_ = ["-C", join(at, "tree"), ...form, ...options, "-cf", join(at, "tree.tar"), "."];
  spawnSync("tar", arguments_, { stdio: "ignore" });
}

async function compareWithTar(at: string): Promise<Imported> {
  await mkdir(join(at, "expected"));
  const options = ["--warning=no-timestamp", "--numeric-owner", "-xpf", join(at, "tree.tar")];
  execFileSync("tar", ["-C", join(at, "expected"), ...options]);
  const imported = await importInto(at, "image", join(at, "tree.tar"));
  assert.deepEqual(snapshot(imported.rootfs), snapshot(join(at, "expected")));
  return imported;
}

/** A block of data at each offset, and zeros up to `size`. */
async function sparseFile(path: string, offsets: readonly number[], size: number): Promise<void> {
  const file = await open(path, "w");
  for (const offset of offsets) await file.write(Buffer.alloc(4_096, `at ${offset} `), 0, 4_096, offset);
  if (size > 0) await file.truncate(size);
  await file.close();
}

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

test("a sparse file of a directory keeps its holes", async (context) => {
  const at = await temporaryDirectory(context);
  await mkdir(join(at, "tree"));
  await sparseFile(join(at, "tree", "lastlog"), [0, 30_000_000], 40_000_000);
  const { rootfs } = await importInto(join(at, "state"), "image", join(at, "tree"));
  const { size, blocks } = await stat(join(rootfs, "lastlog"));
  assert.deepEqual([size, blocks < 2_000], [40_000_000, true]);
  assert.equal(snapshot(rootfs)["lastlog"]?.content, snapshot(join(at, "tree"))["lastlog"]?.content);
});
