import { existsSync } from "node:fs";
import { realpath, rename, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { imageEvent } from "../events/image.ts";
import { Failure } from "../failure.ts";
import { makeDirectory } from "../host/make-directory.ts";
import { syncDirectory } from "../host/sync.ts";
import { checkedName } from "../spec/name.ts";
import { decompress } from "./archive/compression/decompress.ts";
import { BadImage } from "./archive/entry.ts";
import { openSource } from "./archive/source.ts";
import { readTar } from "./archive/tar/tar.ts";
import type { ExtractOptions } from "./extract/extract.ts";
import type { Extracted } from "./extract/root.ts";
import { clearLeftovers, makeUnderWay, removeTree } from "./leftovers.ts";
import { Notes } from "./notes.ts";
import { HOST } from "./resolve.ts";
import { type ImageRecord, imagesDirectory, recordOf } from "./store.ts";
import { systemFailure, systemReason } from "./system-failure.ts";
import { type Unpacked, unpackArchive, unpackDirectory } from "./unpack.ts";

export interface Import {
  /** stateRoot(). */
  readonly root: string;
  readonly name: string;
  /**
   * A tar archive, plain or compressed with gzip or zstd; a directory; or "-", an archive on `stdin`. Of a root file system,
   * or of the layers of one image, as `docker save` or an OCI tool writes them.
   */
  readonly source: string;
  readonly stdin: Readable;
  readonly signal: AbortSignal;
  readonly progress: (done: Readonly<Extracted>) => void;
}

export interface Imported {
  readonly record: ImageRecord;
  readonly extracted: Extracted;
  /** What was changed or left out. */
  readonly notes: Notes;
  readonly rootfs: string;
}

/**
 * Imports an image completely or not at all. Throws Failure (exit 125), or the signal's reason, with nothing left behind.
 */
export async function importImage(request: Import): Promise<Imported> {
  const { root, name } = request;
  await refuseTaken(root, name);
  const notes = new Notes();
  const unpack = await unpackerOf(request, notes);
  try {
    makeDirectory(imagesDirectory(root));
    await clearLeftovers(root);
    const imported = await unpackAndPublish(request, unpack, notes);
    imageEvent(root, "import", name);
    return imported;
  } catch (error) {
    request.signal.throwIfAborted();
    throw explained(sourceError(request.stdin) ?? error, request);
  }
}

/** Where the source itself failed, that is the reason, not what its readers made of it. One that is left unread is aborted. */
function sourceError({ errored }: Readable): Error | null {
  return errored && "code" in errored && errored.code === "ABORT_ERR" ? null : errored;
}

async function refuseTaken(root: string, name: string): Promise<void> {
  checkedName("image", name);
  if (name === HOST.name) {
    throw new Failure(`the image ${HOST.name} is built in: it is this machine's own root`, {
      code: "image-built-in",
      remedy: "import under another name",
    });
  }
  if (existsSync(recordOf(root, name))) throw taken(name);
}

function taken(name: string): Failure {
  return new Failure(`the image ${name} already exists`, {
    code: "image-exists",
    remedy: `tinydocker image rm ${name}, or import under another name`,
  });
}

/** Writes the source's root file system into a directory. */
type Unpack = (directory: string, options: ExtractOptions) => Promise<Unpacked>;

async function unpackerOf({ root, source, stdin, signal }: Import, notes: Notes): Promise<Unpack> {
  if (source === "-") return archiveOf(await openSource("-", stdin, signal), notes);
  if (source === "")
    throw new Failure("the source of the image is an empty path", {
      code: "usage",
      remedy: "name a file or a directory, or - for standard input",
    });
  const path = absolute(source);
  const stats = await readable(source, stat(path));
  if (stats.isDirectory()) {
    const directory = await outsideOf(root, await readable(source, realpath(path)));
    return (to, options) => unpackDirectory(directory, to, options);
  }
  return archiveOf(await readable(source, openSource(path, stdin, signal)), notes);
}

function archiveOf(archive: AsyncIterable<Uint8Array>, notes: Notes): Unpack {
  return (to, options) => unpackArchive(readTar(decompress(archive), { notes }), to, options);
}

async function readable<T>(source: string, opened: Promise<T>): Promise<T> {
  try {
    return await opened;
  } catch (error) {
    const what = `can't read ${source}`;
    throw new Failure(`${what}: ${systemReason(error, what)}`, { code: "source-unreadable", cause: error });
  }
}

/** A directory that contains the images would be copied into itself. */
async function outsideOf(root: string, directory: string): Promise<string> {
  const state = await realpath(root).catch(() => resolve(root));
  if (!`${state}/`.startsWith(directory === "/" ? "/" : `${directory}/`)) return directory;
  throw new Failure(`can't import ${directory}: it contains tinydocker's own images (${state})`, {
    code: "usage",
    remedy:
      directory === "/"
        ? "run with --image host, which is this machine's own root"
        : "copy the wanted part of it first",
  });
}

async function unpackAndPublish(request: Import, unpack: Unpack, notes: Notes): Promise<Imported> {
  const { root, name, signal, progress } = request;
  const underWay = makeUnderWay(root, "import");
  try {
    const { extracted, ...config } = await unpack(underWay, { notes, signal, progress });
    const { files, bytes } = extracted;
    const record: ImageRecord = { name, created: new Date().toISOString(), bytes, files, ...config };
    await writeFile(join(underWay, "image.json"), `${JSON.stringify(record)}\n`);
    await syncDirectory(underWay);
    signal.throwIfAborted();
    // rename(2) replaces only an empty directory, so the second of two imports at the same time fails here.
    const image = join(imagesDirectory(root), name);
    await rename(underWay, image);
    return { record, extracted, notes, rootfs: join(image, "rootfs") };
  } catch (error) {
    await removeTree(underWay);
    throw error;
  }
}

function explained(error: unknown, { root, name, source }: Import): unknown {
  const what = `can't import ${source === "-" ? "standard input" : source} as image ${name}`;
  if (error instanceof BadImage)
    return new Failure(`${what}: ${error.message}`, { code: "image-invalid", cause: error });
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (syscall === "rename" && (code === "ENOTEMPTY" || code === "EEXIST")) return taken(name);
  return systemFailure(what, root, "import-failed", error);
}

function absolute(source: string): string {
  try {
    return resolve(source);
  } catch (cause) {
    throw new Failure(`the source ${source} is relative, and the current directory does not exist any more`, {
      code: "source-unreadable",
      remedy: "change to a directory that exists, or use an absolute path",
      cause,
    });
  }
}
