import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { systemFailure } from "./system-failure.ts";

/** What `image.json` holds. */
export interface ImageRecord {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  /** Of the files' contents, a hard link counted once. */
  readonly bytes: number;
  /** Everything but directories. */
  readonly files: number;
}

/** Absolute, where images live: NAME/rootfs and NAME/image.json each; a name with a dot in front is being made or removed. */
export function imagesDirectory(root: string): string {
  return resolve(root, "images");
}

export function rootfsOf(root: string, name: string): string {
  return join(imagesDirectory(root), name, "rootfs");
}

/** A running container holds a shared lock (flock) on this file. */
export function recordOf(root: string, name: string): string {
  return join(imagesDirectory(root), name, "image.json");
}

/** The imported images, sorted by name. */
export async function imageNames(root: string): Promise<string[]> {
  const entries = await readdir(imagesDirectory(root)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw systemFailure("can't list the images", root, "state-unwritable", error);
  });
  return entries.filter((name) => !name.startsWith(".") && existsSync(recordOf(root, name))).sort();
}

/** Throws Failure when the file is not what an import wrote. */
export async function readRecord(root: string, name: string): Promise<ImageRecord> {
  const path = recordOf(root, name);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw systemFailure(`can't read the image ${name}`, root, "state-unwritable", error);
  });
  const record = parsed(text);
  if (isRecord(record)) return { ...record, name };
  throw new Failure(`${path} is damaged`, {
    code: "image-damaged",
    remedy: `tinydocker image rm ${name}, and import it again`,
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Omit<ImageRecord, "name"> {
  if (typeof value !== "object" || value === null) return false;
  const { created, bytes, files } = value as Partial<Record<keyof ImageRecord, unknown>>;
  return typeof created === "string" && typeof bytes === "number" && typeof files === "number";
}
