import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PackageFile } from "./files.ts";

/** In the folder: says what devtool put there. */
const RECORD = ".devtool-addons.json";

export interface FolderRecord {
  /** What was asked for. */
  readonly request: string;
  /** Whether something was left out that may be there another time. */
  readonly isPartial: boolean;
  /** Path → the identity of what it was copied from. */
  readonly files: Readonly<Record<string, string>>;
}

/** undefined for a folder that devtool did not fill, or not to the end. */
export async function readRecord(folder: string): Promise<FolderRecord | undefined> {
  const text = await readFile(join(folder, RECORD), "utf8").catch(() => "");
  try {
    const value = JSON.parse(text) as Partial<FolderRecord>;
    return typeof value.files === "object" && typeof value.request === "string" ? (value as FolderRecord) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Makes the folder have these files and no others; returns the paths that changed or are gone, "" for all. A file is
 * replaced by rename, and left as it is where its content is the same.
 */
export async function fillFolder(
  folder: string,
  files: ReadonlyMap<string, PackageFile>,
  before: FolderRecord | undefined,
  request: Pick<FolderRecord, "request" | "isPartial">,
): Promise<string[]> {
  const known = before?.files ?? {};
  // Without the record an interrupted change leaves a folder that is filled anew.
  await rm(before ? join(folder, RECORD) : folder, { recursive: true, force: true });
  if (files.size === 0) return await empty(folder, before);
  const gone = Object.keys(known).filter((path) => !files.has(path));
  for (const path of gone) await removeFile(folder, path);
  const changed: string[] = [];
  for (const [path, { source, identity }] of files)
    if (known[path] !== identity && (await replace(join(folder, path), source))) changed.push(path);
  const identities = [...files].map(([path, { identity }]) => [path, identity]);
  await writeFile(join(folder, RECORD), JSON.stringify({ ...request, files: Object.fromEntries(identities) }));
  return before ? [...gone, ...changed] : [""];
}

/** The folder itself stays: in the mirror what was in it is deleted only while it is here. */
async function empty(folder: string, before: FolderRecord | undefined): Promise<string[]> {
  await rm(folder, { recursive: true, force: true });
  if (!before) return [];
  await mkdir(folder);
  return [""];
}

/** And the folders that it leaves empty. */
async function removeFile(folder: string, path: string): Promise<void> {
  await rm(join(folder, path), { force: true });
  for (let parent = dirname(path); parent !== "."; parent = dirname(parent)) {
    const wasEmpty = await rmdir(join(folder, parent)).then(
      () => true,
      () => false,
    );
    if (!wasEmpty) return;
  }
}

/** Returns false where the content is the same. */
async function replace(file: string, source: string): Promise<boolean> {
  const [old, fresh] = await Promise.all([readFile(file).catch(() => undefined), readFile(source)]);
  if (old?.equals(fresh)) return false;
  const temporary = `${file}.${randomBytes(4).toString("hex")}.new`;
  await mkdir(dirname(file), { recursive: true });
  try {
    await copyFile(source, temporary);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  return true;
}
