import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Lists what devtool wrote into a folder, so that it removes nothing else. */
export const OUTPUTS_LIST = ".devtool-outputs.json";
/** In the same folder: packages for one platform each, which no target has all of. */
export const PLATFORMS = ".devtool-platforms";

export interface Output {
  /** Relative to the folder, posix. */
  readonly path: string;
  readonly contents: Uint8Array;
  /** Where the folder already has a file of that name that devtool did not write, that file stays. */
  readonly yields?: true;
}

/**
 * Writes these outputs and removes earlier ones; returns the paths that changed or were removed, relative to the
 * folder.
 */
export async function writeOutputs(folder: string, outputs: readonly Output[]): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const before = await readList(folder);
  const now = outputs.map(({ path }) => path);
  const removed = before.filter((path) => !now.includes(path));
  const changed: string[] = [];
  for (const { path, contents, yields } of outputs) {
    const current = await readFile(join(folder, path)).catch(() => undefined);
    if (current?.equals(contents) || (current && yields && !before.includes(path))) continue;
    await replace(join(folder, path), contents);
    changed.push(path);
  }
  for (const path of removed) await rm(join(folder, path), { force: true });
  if (removed.length > 0 || now.some((path) => !before.includes(path))) {
    await replace(join(folder, OUTPUTS_LIST), Buffer.from(JSON.stringify(now)));
  }
  return [...changed, ...removed];
}

async function readList(folder: string): Promise<string[]> {
  try {
    const list: unknown = JSON.parse(await readFile(join(folder, OUTPUTS_LIST), "utf8"));
    return Array.isArray(list)
      ? list.filter((path) => typeof path === "string" && !path.split("/").includes(".."))
      : [];
  } catch {
    return [];
  }
}

/** By rename: a reader sees the old file or the new one. */
async function replace(file: string, contents: Uint8Array): Promise<void> {
  const temporary = `${file}.${randomBytes(4).toString("hex")}.new`;
  await mkdir(dirname(file), { recursive: true });
  try {
    await writeFile(temporary, contents);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
