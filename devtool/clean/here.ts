import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheDirectory } from "../process/cache-directory.ts";
import type { Removal } from "./removal.ts";

/** The add-ons that were fetched for targets. */
export async function listHere(cache = join(cacheDirectory(), "addons")): Promise<readonly Removal[]> {
  const stats = await lstat(cache).catch(() => undefined);
  return stats?.isDirectory() ? [{ kind: "add-ons", path: cache, bytes: await sizeOf(cache) }] : [];
}

export async function removeHere({ path }: Removal): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    bytes += entry.isDirectory() ? await sizeOf(path) : (await lstat(path)).size;
  }
  return bytes;
}
