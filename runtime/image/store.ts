import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { isRecordOf, isText, isWhole, parseJson } from "../shape.ts";
import { type ImageConfig, isImageConfig } from "./config.ts";
import { systemFailure } from "./system-failure.ts";

/** The content of `image.json`. */
export interface ImageRecord {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  /** Of the files' contents, a hard link counted once. */
  readonly bytes: number;
  /** Everything but directories. */
  readonly files: number;
  /** What it says about its containers. */
  readonly config?: ImageConfig;
}

/** The absolute path of the images: NAME/rootfs and NAME/image.json each. A leading dot: it is being made or removed. */
export function imagesDirectory(root: string): string {
  return resolve(root, "images");
}

export function rootfsOf(root: string, name: string): string {
  return join(imagesDirectory(root), name, "rootfs");
}

/** An image exists if this file does. */
export function recordOf(root: string, name: string): string {
  return join(imagesDirectory(root), name, "image.json");
}

/** The imported images, sorted by name. */
export function imageNames(root: string): string[] {
  return entriesOf(root)
    .filter((name) => !name.startsWith(".") && existsSync(recordOf(root, name)))
    .sort();
}

function entriesOf(root: string): string[] {
  try {
    return readdirSync(imagesDirectory(root));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw systemFailure("can't list the images", root, "state-unwritable", error);
  }
}

/** Throws Failure when the file is not what an import wrote. */
export function readRecord(root: string, name: string): ImageRecord {
  const record = parseJson(recordText(root, name));
  if (isImageRecord(record)) return { ...record, name };
  throw new Failure(`${recordOf(root, name)} is damaged`, {
    code: "image-damaged",
    remedy: `tinydocker image rm ${name}, and import it again`,
  });
}

function recordText(root: string, name: string): string {
  try {
    return readFileSync(recordOf(root, name), "utf8");
  } catch (error) {
    throw systemFailure(`can't read the image ${name}`, root, "state-unwritable", error);
  }
}

const isImageRecord = isRecordOf({ created: isText, bytes: isWhole, files: isWhole }, { config: isImageConfig });
