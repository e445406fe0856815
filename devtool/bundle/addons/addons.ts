import { randomBytes } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure } from "../../failure.ts";
import { cacheDirectory } from "../../process/cache-directory.ts";
import { filesFor, type PackageFile, type Platform } from "./files.ts";
import type { Addon } from "./imports.ts";
import { npmInstall } from "./npm.ts";

/** Beside the bundle, where Node.js looks for packages. */
const FOLDER = "node_modules";
/** In that folder: lists what devtool put there. */
const SHIPPED_LIST = ".devtool-addons.json";

/**
 * Puts the packages that are not bundled beside the bundle, built for `platform`; returns whether anything changed.
 * @throws Failure when one is not available for it
 */
export async function shipAddons(
  addons: readonly Addon[],
  platform: Platform,
  outdir: string,
  signal: AbortSignal,
  cache = join(cacheDirectory(), "addons"),
): Promise<boolean> {
  const folder = join(outdir, FOLDER);
  const keys = addons.map((addon) => cacheKey(addon, platform)).sort();
  const wanted = JSON.stringify(keys);
  const shipped = await readFile(join(folder, SHIPPED_LIST), "utf8").catch(() => "[]");
  if (shipped === wanted) return false;
  for (const addon of addons) await fillCache(addon, platform, cache, signal);
  const fresh = `${folder}.${randomBytes(4).toString("hex")}.new`;
  try {
    for (const key of keys) await copyTree(join(cache, key), fresh);
    if (keys.length > 0) await writeFile(join(fresh, SHIPPED_LIST), wanted);
    signal.throwIfAborted();
    await rm(folder, { recursive: true, force: true });
    if (keys.length > 0) await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return true;
}

function cacheKey({ name, version }: Addon, { platform, arch, libc }: Platform): string {
  return `${name.replaceAll("/", "+")}-${version}-${platform}-${arch}-${libc}`;
}

/** A cache entry is complete when it exists: it is created by rename. */
async function fillCache(addon: Addon, platform: Platform, cache: string, signal: AbortSignal): Promise<void> {
  const entry = join(cache, cacheKey(addon, platform));
  const exists = await readdir(entry).then(
    () => true,
    () => false,
  );
  if (exists) return;
  await mkdir(cache, { recursive: true });
  const work = join(cache, `.${randomBytes(6).toString("hex")}.new`);
  try {
    const files = await findFiles(addon, platform, join(work, "npm"), signal);
    await copyFiles(files, join(work, "entry"));
    signal.throwIfAborted();
    await rename(join(work, "entry"), entry).catch(async (error: unknown) => {
      // Another devtool has created the same entry.
      await readdir(entry).catch(() => {
        throw error;
      });
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** From the project's own node_modules where that has the right binary, else from the registry. */
async function findFiles(
  addon: Addon,
  platform: Platform,
  prefix: string,
  signal: AbortSignal,
): Promise<PackageFile[]> {
  const { name, version, directory } = addon;
  const own = await filesFor(name, directory, platform);
  if (own) return own;
  await mkdir(prefix, { recursive: true });
  await npmInstall(`${name}@${version}`, platform, prefix, signal);
  const fetched = await filesFor(name, join(prefix, "node_modules", name), platform);
  if (fetched) return fetched;
  const where = `${platform.platform}-${platform.arch}-${platform.libc}`;
  throw new Failure(`${name}@${version} has no native part for ${where}`, {
    code: "package-unavailable",
    remedy: "choose a version that has a binary for that platform, or a target with another platform",
  });
}

async function copyFiles(files: readonly PackageFile[], to: string): Promise<void> {
  for (const { path, source } of files) {
    const file = join(to, path);
    await mkdir(dirname(file), { recursive: true });
    await copyFile(source, file);
  }
}

async function copyTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, copy] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, copy);
    else await copyFile(source, copy);
  }
}
