import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, type Stats, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import fc from "../../../rig/fast-check.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { archive, type RawEntry } from "../archive/archive.ts";
import { importInto, type Node, snapshot } from "../rig.ts";
import { ociLayout, packed } from "./saved.ts";

const root = process.geteuid?.() === 0 ? undefined : "root";

const path = fc.array(fc.constantFrom("a", "b", "!c"), { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
const entry = fc.record({ path, kind: fc.constantFrom("0", "0", "5", "2", "1", "whiteout", "opaque"), target: path });
type Change = typeof entry extends fc.Arbitrary<infer T> ? T : never;

/** A layer never has a path twice, nor a link to itself; as all tools write it, a whiteout comes before what replaces it. */
const change = entry.filter(({ path, kind, target }) => kind !== "1" || path !== target);
const layer = fc
  .uniqueArray(change, { maxLength: 6, selector: ({ path }) => path })
  .map((changes) => [...changes.filter(isWhiteout), ...changes.filter((one) => !isWhiteout(one))]);

function isWhiteout({ kind }: Change): boolean {
  return kind === "whiteout" || kind === "opaque";
}

function entryOf({ path, kind, target }: Change, index: number): RawEntry {
  const at = path.lastIndexOf("/") + 1;
  if (kind === "whiteout") return { name: `${path.slice(0, at)}.wh.${path.slice(at)}` };
  if (kind === "opaque") return { name: `${path}/.wh..wh..opq` };
  const content = kind === "0" ? String(index) : "";
  // What a symlink leads to is never there, so nothing goes through it.
  return { name: path, type: kind, content, target: kind === "2" ? `nowhere/${target}` : target, mode: 0o755 };
}

/** What the OCI image-spec's layer.md says, by rm and tar: whiteouts are about lower layers, so they come first. */
function apply(tree: string, changes: readonly Change[], archivePath: string): boolean {
  const entries = changes.map(entryOf);
  for (const { path, kind } of changes) {
    const at = join(tree, path);
    const stats = statsOf(at);
    if (stats && (kind === "whiteout" || (stats.isDirectory() && "012".includes(kind))))
      rmSync(at, { recursive: true });
    if (kind === "opaque" && stats?.isDirectory())
      for (const name of readdirSync(at)) rmSync(join(at, name), { recursive: true });
  }
  writeFileSync(
    archivePath,
    archive(...entries.filter((_, index) => !"whiteout opaque".includes(changes[index]?.kind ?? ""))),
  );
  const options = ["--warning=no-timestamp", "--numeric-owner", "-xpf", archivePath];
  return spawnSync("tar", ["-C", tree, ...options], { stdio: "ignore" }).status === 0;
}

/** Undefined too where a parent is a file. */
function statsOf(path: string): Stats | undefined {
  return existsSync(dirname(path)) && lstatSync(dirname(path)).isDirectory()
    ? lstatSync(path, { throwIfNoEntry: false })
    : undefined;
}

/** A directory's time is that of the last change in it, for tar. */
function untimed(nodes: Record<string, Node>): Record<string, Node> {
  return Object.fromEntries(
    Object.entries(nodes).map(([path, node]) => [path, node.kind === "directory" ? { ...node, mtime: 0 } : node]),
  );
}

test("random layers become what rm and tar make of them", async (context) => {
  if (!needs(context, root)) return;
  const directory = await temporaryDirectory(context);
  let round = 0;
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(layer, { minLength: 2, maxLength: 4 }), async (layers) => {
      const at = join(directory, String(round++));
      mkdirSync(join(at, "tree"), { recursive: true });
      const isTaken = layers.every((changes) => apply(join(at, "tree"), changes, join(at, "layer.tar")));
      if (!isTaken) return;
      const saved = ociLayout({ layers: layers.map((changes) => archive(...changes.map(entryOf))) });
      const { rootfs, record } = await importInto(join(at, "state"), "image", packed(saved));
      const nodes = snapshot(rootfs);
      assert.deepEqual(untimed(nodes), untimed(snapshot(join(at, "tree"))));
      assert.equal(record.files, Object.values(nodes).filter(({ kind }) => kind !== "directory").length);
      compared += 1;
    }),
    { numRuns: 300 },
  );
  assert.ok(compared > 10);
});
