import { createReadStream } from "node:fs";
import { readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { openDigest } from "../../host/digest.ts";
import type { Shim } from "../../host/shim.ts";
import { parseWithoutNulls, type Shape } from "../../shape.ts";
import { BadImage } from "../archive/entry.ts";
import { checkedDigest } from "./digest.ts";

/** A file of a saved image, and what another file says about it. */
export interface Blob {
  /** Relative to the saved image. */
  readonly path: string;
  /** ALGORITHM:HEX */
  readonly digest?: string | undefined;
  readonly size?: number | undefined;
}

/** Far above any manifest or configuration; containerd has the same limit. */
const TEXT_BYTES_MAX = 8 * 1_024 ** 2;
const READ_BYTES = 256 * 1_024;

/** Where an OCI layout has it. Throws BadImage for what is not a digest. */
export function blobOf({ digest, size }: { readonly digest: string; readonly size: number }): Blob {
  return { path: join("blobs", ...checkedDigest(digest).split(":")), digest, size };
}

/** The bytes of a blob, which match its size and its digest, or end with BadImage. */
export async function* readBlob(directory: string, blob: Blob, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const path = await locate(directory, blob);
  yield* verified(createReadStream(path, { signal, highWaterMark: READ_BYTES }), blob.digest, blob.path);
}

/** Throws BadImage unless it is there, matches, and is JSON of that shape. */
export async function readJson<T>(directory: string, blob: Blob, shape: Shape<T>): Promise<T> {
  const value = parseWithoutNulls(await readText(directory, blob));
  if (shape(value)) return value;
  throw new BadImage(`its ${blob.path} is not what its format says`);
}

/** Throws BadImage unless it is there, matches, and has the size of a text. */
export async function readText(directory: string, blob: Blob): Promise<string> {
  const path = await locate(directory, blob);
  if ((await stat(path)).size > TEXT_BYTES_MAX)
    throw new BadImage(`its ${blob.path} is over ${TEXT_BYTES_MAX / 1_024 ** 2} MiB`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of verified([await readFile(path)], blob.digest, blob.path)) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Passes bytes through, and throws BadImage at their end where they don't match. `name`: for messages; `shim`: hashes on another thread. */
export async function* verified(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  digest: string | undefined,
  name: string,
  shim?: Shim,
): AsyncGenerator<Uint8Array> {
  if (digest === undefined) return yield* source;
  const hash = openDigest(algorithmOf(digest), shim);
  let added = Promise.resolve();
  for await (const chunk of source) {
    await added;
    added = hash.add(chunk);
    yield chunk;
  }
  await added;
  if (hash.hex() !== digest.split(":")[1]) throw new BadImage(`its ${name} does not match its digest ${digest}`);
}

function algorithmOf(digest: string): string {
  return checkedDigest(digest).split(":", 1)[0] ?? "";
}

/** The absolute path. Old versions of docker and podman save symlinks between layers; none may lead out of the directory. */
export async function locate(directory: string, { path, size }: Blob): Promise<string> {
  const top = await realpath(directory);
  const real = await realpath(join(top, path)).catch(() => undefined);
  if (real === undefined) throw new BadImage(`its ${path} is missing`);
  const stats = await stat(real);
  if (!real.startsWith(`${top}/`) || !stats.isFile()) throw new BadImage(`its ${path} is not a file of it`);
  if (size !== undefined && stats.size !== size)
    throw new BadImage(`its ${path} has ${stats.size} bytes, and should have ${size}`);
  return real;
}
