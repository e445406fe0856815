import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../../failure.ts";
import { makeDirectory } from "../../host/make-directory.ts";
import { parseWithoutNulls, type Shape } from "../../shape.ts";
import { blobPath } from "./places.ts";
import { isLeft, underWayPrefix } from "./under-way.ts";

export function hasBlob(root: string, digest: string): boolean {
  return existsSync(blobPath(root, digest));
}

/** Stores a manifest or a configuration, whose digest was checked. */
export function writeBlob(root: string, digest: string, bytes: Uint8Array): void {
  const path = blobPath(root, digest);
  if (existsSync(path)) return;
  makeDirectory(dirname(dirname(path)));
  makeDirectory(dirname(path));
  const unfinished = join(dirname(path), `${underWayPrefix()}${digest.slice(-12)}`);
  try {
    writeFileSync(unfinished, bytes, { mode: 0o600, flush: true });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** Removes what killed processes left. */
export function clearBlobsUnderWay(root: string): void {
  for (const algorithm of ["sha256", "sha512"]) {
    const directory = dirname(blobPath(root, `${algorithm}:x`));
    for (const name of existsSync(directory) ? readdirSync(directory) : [])
      if (isLeft(name)) rmSync(join(directory, name), { force: true });
  }
}

/** Undefined: it is not there. */
export function readBlob(root: string, digest: string): Buffer | undefined {
  try {
    return readFileSync(blobPath(root, digest));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Throws Failure when it is missing or not of that shape. */
export function readJsonBlob<T>(root: string, digest: string, shape: Shape<T>): T {
  const value = parseWithoutNulls(readBlob(root, digest)?.toString("utf8") ?? "");
  if (shape(value)) return value;
  throw damaged(root, digest);
}

/** `digest`: of a blob that is missing, or does not have it. */
export function damaged(root: string, digest: string): Failure {
  return new Failure(`${blobPath(root, digest)} is missing or damaged`, {
    code: "image-damaged",
    remedy: "remove the images that have it with tinydocker image rm, and pull them again",
  });
}
