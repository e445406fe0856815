import { createHash } from "node:crypto";
import { type BigIntStats, existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { TestContext } from "node:test";
import { Failure } from "../../../runtime/failure.ts";
import { type Imported, importImage } from "../../../runtime/image/import.ts";
import { rootfsOf } from "../../../runtime/image/store.ts";
import { temporaryDirectory } from "../../rig/host.ts";

/** A state directory, and beside it a directory that no import may change. */
export interface Place {
  readonly root: string;
  readonly outside: string;
}

export async function place(test: Pick<TestContext, "after">): Promise<Place> {
  const directory = await temporaryDirectory(test);
  const outside = join(directory, "outside");
  await mkdir(outside);
  await writeFile(join(outside, "victim"), "untouched", { mode: 0o600 });
  return { root: join(directory, "state"), outside };
}

/** `source`: an archive, or the path of a file or directory. */
export function importInto(root: string, name: string, source: Buffer | string): Promise<Imported> {
  const archive = typeof source === "string" ? undefined : source;
  return importImage({
    root,
    name,
    source: typeof source === "string" ? source : "-",
    stdin: Readable.from(archive === undefined ? [] : pieces(archive), { objectMode: false }),
    signal: new AbortController().signal,
    progress: () => {},
  });
}

/** In chunks that do not match the blocks, as from a pipe. */
function* pieces(archive: Buffer): Generator<Buffer> {
  for (let at = 0; at < archive.length; at += 777) yield archive.subarray(at, at + 777);
}

/** The Failure of an import that must fail. */
export async function refusal(importing: Promise<Imported>): Promise<Failure> {
  const outcome = await importing.catch((error: unknown) => error);
  if (outcome instanceof Failure) return outcome;
  throw outcome instanceof Error ? outcome : new Error("the import succeeded, and should not have");
}

/** The entries of the images' directory: images, and those being made or removed. */
export function imagesIn({ root }: Place): string[] {
  const directory = join(root, "images");
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

export interface Node {
  readonly kind: string;
  readonly mode: string;
  readonly owner: string;
  readonly mtime: number;
  /** A file's digest, a symlink's target. */
  readonly content: string | undefined;
  /** The first of the names of the same file. */
  readonly sameAs: string;
}

/** Everything about the files below a directory that an image must preserve, by path as byte string. */
export function snapshot(directory: string): Record<string, Node> {
  const nodes: Record<string, Node> = {};
  const firstNames = new Map<bigint, string>();
  const visit = (path: string) => {
    const full = Buffer.from(`${Buffer.from(directory).toString("latin1")}/${path}`, "latin1");
    const stats = lstatSync(full, { bigint: true });
    if (!firstNames.has(stats.ino)) firstNames.set(stats.ino, path);
    nodes[path] = nodeOf(full, stats, firstNames.get(stats.ino) ?? path);
    if (!stats.isDirectory()) return;
    for (const name of readdirSync(full, { encoding: "latin1" }).sort()) visit(path === "" ? name : `${path}/${name}`);
  };
  visit("");
  return nodes;
}

function nodeOf(path: Buffer, stats: BigIntStats, sameAs: string): Node {
  return {
    kind: kindOf(stats),
    mode: (stats.mode & 0o7777n).toString(8),
    owner: `${stats.uid}:${stats.gid}`,
    // Milliseconds: a double of seconds may be a microsecond off.
    mtime: Number((stats.mtimeNs + 500_000n) / 1_000_000n),
    content: contentOf(path, stats),
    sameAs,
  };
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return "directory";
  if (stats.isFile()) return "file";
  if (stats.isSymbolicLink()) return "symlink";
  return stats.isFIFO() ? "fifo" : "other";
}

function contentOf(path: Buffer, stats: BigIntStats): string | undefined {
  if (stats.isSymbolicLink()) return readlinkSync(path, { encoding: "latin1" });
  return stats.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : undefined;
}

export function rootfs(place: Place, name: string): string {
  return rootfsOf(place.root, name);
}
