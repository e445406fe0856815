import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import fc from "../../../rig/fast-check.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { importInto, type Node, snapshot } from "../rig.ts";
import { archive, pax, type RawEntry } from "./archive.ts";

const root = process.geteuid?.() === 0 ? undefined : "root";

/** What GNU tar makes of an archive; undefined where it fails. Without devices, which an import leaves out. */
async function extracted(at: string, bytes: Buffer): Promise<Record<string, Node> | undefined> {
  const [tree, file] = [join(at, "expected"), join(at, "archive.tar")];
  await mkdir(tree, { recursive: true });
  await writeFile(file, bytes);
  const options = ["--warning=no-timestamp", "--numeric-owner", "-xpf", file];
  const tar = spawnSync("tar", ["-C", tree, ...options], { encoding: "utf8" });
  if (tar.status !== 0 && !tar.stderr.includes("Exiting with failure status due to previous errors")) return undefined;
  const isExcused = tar.stderr.split("\n").every((line) => EXCUSED.some((reason) => reason.test(line)));
  return tar.status === 0 || isExcused ? comparable(snapshot(tree)) : undefined;
}

/** tar leaves a file whose name contains ".." out and goes on, but ends with a failure. */
const EXCUSED = [
  /^$/,
  /Member name contains '\.\.'/,
  /Removing leading/,
  /Exiting with failure status/,
  /Substituting/,
];

function comparable(nodes: Record<string, Node>): Record<string, Node> {
  return Object.fromEntries(Object.entries(nodes).filter(([, { kind }]) => kind !== "other"));
}

/** tar sets a directory's time when it leaves it, so one that it enters again, or makes unasked, has a time of now. */
function withTimesOf(expected: Record<string, Node>, nodes: Record<string, Node>): Record<string, Node> {
  const timed = Object.entries(nodes).map(([path, node]) => {
    const mtime = expected[path]?.mtime ?? 0;
    return [path, node.kind === "directory" && mtime > RECENT_MS ? { ...node, mtime } : node];
  });
  return Object.fromEntries(timed);
}

const RECENT_MS = Date.now() - 3_600_000;

async function compare(at: string, bytes: Buffer): Promise<"same" | "refused by tar"> {
  const expected = await extracted(at, bytes);
  if (!expected) return "refused by tar";
  const { rootfs } = await importInto(join(at, "state"), "image", bytes);
  assert.deepEqual(withTimesOf(expected, comparable(snapshot(rootfs))), expected);
  return "same";
}

const TAKEN: Readonly<Record<string, RawEntry[]>> = {
  "an absolute name": [{ name: "/etc/passwd", content: "x" }],
  "many slashes before a name": [{ name: "///etc//./passwd", content: "x" }],
  "an absolute name in a pax record": [pax({ path: "/etc/passwd" }), { name: "harmless" }],
  "a symlink that climbs out": [{ name: "etc/mtab", type: "2", target: "../../../proc/self/mounts" }],
  "a symlink that climbs out on its way": [{ name: "way", type: "2", target: "a/../../a" }],
  "a file through a symlink within the image": [
    { name: "real", type: "5", mode: 0o755 },
    { name: "way", type: "2", target: "real" },
    { name: "way/file", content: "x" },
  ],
  "a hard link through a symlink within the image": [
    { name: "real/file", content: "x" },
    { name: "way", type: "2", target: "real" },
    { name: "link", type: "1", target: "way/file" },
  ],
  "a directory over a symlink": [
    { name: "way", type: "2", target: "elsewhere" },
    { name: "way", type: "5", mode: 0o777 },
  ],
  "a directory over a symlink to a directory": [
    { name: "real/", type: "5", mode: 0o700 },
    { name: "way", type: "2", target: "real" },
    { name: "way/", type: "5", mode: 0o777 },
  ],
  "a directory over a file": [{ name: "a" }, { name: "a", type: "5", mode: 0o755 }],
  "a file over an empty directory": [
    { name: "a", type: "5", mode: 0o755 },
    { name: "a", content: "x" },
  ],
  "a directory twice": [
    { name: "a", type: "5", mode: 0o755 },
    { name: "a/b", content: "x" },
    { name: "a", type: "5", mode: 0o700 },
  ],
  "a hard link to an absolute path": [
    { name: "etc/passwd", content: "x" },
    { name: "shadow", type: "1", target: "/etc/passwd" },
  ],
  "a hard link that climbs out": [
    { name: "victim", content: "x" },
    { name: "v", type: "1", target: "../outside/../victim" },
  ],
  "a hard link to itself": [{ name: "v" }, { name: "v", type: "1", target: "v" }],
  "a hard link to a symlink": [
    { name: "way", type: "2", target: "nowhere" },
    { name: "link", type: "1", target: "way" },
  ],
  "devices anywhere": [
    { name: "dev/net/tun", type: "3" },
    { name: "dev/pts/0", type: "3" },
    { name: "sda", type: "4" },
    { name: "link", type: "1", target: "sda" },
    { name: "file", content: "x" },
  ],
  "a device over a file": [
    { name: "a/null", content: "x" },
    { name: "a/null", type: "3" },
  ],
  "an entry of an unknown type": [{ name: "odd", type: "Z", content: "x" }],
  "a volume label": [
    { name: "label", type: "V" },
    { name: "file", content: "x" },
  ],
  "a directory of an incremental dump": [
    { name: "d/", type: "D", content: "Yfile\0\0", mode: 0o755 },
    { name: "d/file", content: "x" },
  ],
  "a directory of v7, which has no type for it": [{ name: "d/", type: "\0", magic: "\0".repeat(8), mode: 0o755 }],
  "a contiguous file": [{ name: "c", type: "7", content: "x" }],
  "a directory that tells a size": [{ name: "d/", type: "5", size: 0, mode: 0o755 }, { name: "d/file" }],
  "a hard link that tells a size": [
    { name: "file", content: "x" },
    { name: "link", type: "1", target: "file", size: 1_024 },
    { name: "after", content: "x" },
  ],
  "pax records for all entries": [
    { ...pax({ mtime: "1600000000", uid: "1234" }), type: "g" },
    { name: "a" },
    pax({ mtime: "1500000000" }),
    { name: "b" },
  ],
  "a pax name that is not UTF-8": [pax({ path: Buffer.from("a\xffb", "latin1").toString("latin1") }), { name: "x" }],
  "a pax size": [pax({ size: "5" }), { name: "x", content: "12345" }],
  "a long link": [
    { name: "././@LongLink", type: "K", content: `${"t/".repeat(120)}\0` },
    { name: "link", type: "2", target: "t" },
  ],
};

for (const [what, entries] of Object.entries(TAKEN)) {
  test(`GNU tar and an import make the same of ${what}`, async (context) => {
    if (!needs(context, root)) return;
    const at = await temporaryDirectory(context);
    assert.equal(await compare(at, archive(...entries)), "same");
  });
}

const name = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }).map((names) => names.join("/")),
  },
  // Not ".." in it, which GNU tar leaves out.
  { weight: 1, arbitrary: fc.constantFrom("/a", "./b/", ".", "a//b", "/") },
);
const entry: fc.Arbitrary<RawEntry> = fc.record({
  name,
  type: fc.constantFrom("0", "0", "5", "5", "2", "1", "6", "3", "7", "\0"),
  target: fc.oneof(name, fc.constantFrom("..", "../..", "/", "../a", "/etc")),
  content: fc.constant(""),
  mode: fc.constantFrom(0o644, 0o755, 0o4711, 0o1777),
  uid: fc.constantFrom(0, 7),
  mtime: fc.constantFrom(1, 1_600_000_000),
});

/**
 * tar makes a symlink that leads out at the end, and takes its placeholder for what replaced it when that got the same
 * inode; so such a link has a name of its own here. The root is always a directory.
 */
function filled(entry: RawEntry, index: number): RawEntry {
  const leadsOut = entry.type === "2" && /^\/|\.\./.test(String(entry.target));
  const content = "07\0".includes(entry.type ?? "0") ? String(index) : "";
  const isRoot = entry.type !== "5" && /^[./]$/.test(String(entry.name));
  return { ...entry, content, name: leadsOut || isRoot ? `out/${index}` : entry.name };
}

test("whatever GNU tar takes, an import takes, and makes the same of it", async (context) => {
  if (!needs(context, root)) return;
  const directory = await temporaryDirectory(context);
  const outcomes = new Set<string>();
  let round = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 8 }), async (entries) => {
      outcomes.add(await compare(join(directory, String(round++)), archive(...entries.map(filled))));
    }),
    { numRuns: 300 },
  );
  assert.deepEqual([...outcomes].sort(), ["refused by tar", "same"]);
});
