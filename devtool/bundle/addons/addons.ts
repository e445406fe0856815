import { join } from "node:path";
import { Failure } from "../../failure.ts";
import { cacheDirectory } from "../../process/cache-directory.ts";
import { errnoOf, errnoWords } from "../../process/errno.ts";
import type { Addon } from "./apart.ts";
import type { Compile } from "./compiled.ts";
import { createIncludes, type PackageFile, packageFiles } from "./files.ts";
import { fillFolder, readRecord } from "./folder.ts";
import { layOut } from "./layout.ts";
import { completeNative, requiredFrom, type Shipment } from "./native.ts";
import { shownPlatform } from "./npm.ts";
import { isFor, type Platform, readManifest } from "./package.ts";
import type { InstalledState } from "./state.ts";
import { resolveTree, type Tree } from "./tree.ts";

/** Beside the bundle, where Node.js looks for packages. */
export const PACKAGES = "node_modules";

export interface Destination {
  readonly target: Platform;
  readonly compile: Compile;
  /** Told what is left out, a sentence each. */
  readonly notice: (text: string) => void;
  readonly signal: AbortSignal;
}

/** What the bundle imports and does not have. */
export interface Apart {
  readonly addons: readonly Addon[];
  readonly state: InstalledState;
}

export interface Shipped {
  /** Relative to the bundle's folder on the target, posix. */
  readonly changed: readonly string[];
  /** What the folder had, and has now, which tells what changed for a target. */
  readonly from: string | undefined;
  readonly to: string;
}

/**
 * Puts packages into the folder for the target's platform as Node.js finds them here, with native parts for it.
 * @throws Failure when one can't be had for it
 */
export type Ship = (packages: Apart, destination: Destination) => Promise<Shipped>;

export function createShipper(folderFor: (target: Platform) => string, cache = join(cacheDirectory(), "addons")): Ship {
  const includesOf = createIncludes();
  const tried = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();
  const ship: Ship = async ({ addons, state }, destination) => {
    const folder = folderFor(destination.target);
    const { platform, arch, libc, glibc, libstdcxx, node } = destination.target;
    const request = JSON.stringify([platform, arch, libc, glibc, libstdcxx, node, state.digest]);
    const before = await readRecord(folder);
    const unchanged = { changed: [], from: before?.request, to: request };
    if (before?.request === request && (!before.isPartial || tried.has(request))) return unchanged;
    tried.add(request);
    const usable = addons.filter((addon) => isUsable(addon, destination.target));
    if (usable.length === 0 && !before) return unchanged;
    return await readable(async () => {
      const { files, isPartial } = await collect(usable, { ...destination, cache }, includesOf);
      const changed = await fillFolder(folder, files, before, { request, isPartial });
      const paths = changed.map((path) => (path === "" ? PACKAGES : `${PACKAGES}/${path}`));
      return { changed: paths, from: before?.request, to: request };
    });
  };
  // Targets of one platform have one folder.
  return (packages, destination) => {
    const shipped = last.then(() => ship(packages, destination));
    last = shipped.catch(() => {});
    return shipped;
  };
}

/** What is to be in the folder: path → file. */
async function collect(
  addons: readonly Addon[],
  destination: Destination & { readonly cache: string },
  includesOf: ReturnType<typeof createIncludes>,
): Promise<{ readonly files: ReadonlyMap<string, PackageFile>; readonly isPartial: boolean }> {
  const { target, notice, signal } = destination;
  const tree = resolveTree(addons.map(directoryOf), (manifest) => isFor(manifest, target));
  const files = new Map<string, readonly PackageFile[]>();
  for (const directory of tree.keys()) files.set(directory, packageFiles(directory, await includesOf(directory)));
  const required = requiredFrom(addons.filter(({ isOptional }) => !isOptional).map(directoryOf), tree);
  const missing = await completeNative({ tree, files }, required, destination);
  for (const { message } of missing.values()) notice(`left out, since it is optional: ${message}`);
  signal.throwIfAborted();
  return { files: placed(addons, { tree, files }), isPartial: missing.size > 0 };
}

/** Packages may be installed at this moment, and a disk may be full. @throws Failure for an error of the system */
async function readable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined || !(error instanceof Error && "path" in error)) throw error;
    throw new Failure(`can't ship packages: ${error.path}: ${errnoWords(errno)}`, {
      code: "package-unavailable",
      remedy: "once that is mended, or the packages are installed, the next round ships them",
      cause: error,
    });
  }
}

function directoryOf({ directory }: Addon): string {
  return directory;
}

function isUsable({ directory, isOptional }: Addon, target: Platform): boolean {
  const manifest = readManifest(directory);
  if (isFor(manifest, target)) return true;
  if (isOptional) return false;
  throw new Failure(`${manifest.name}@${manifest.version} is not for ${shownPlatform(target)}, by its package.json`, {
    code: "package-unavailable",
    remedy: "choose another package, or a target with another platform",
  });
}

/** Path below the folder → file. */
function placed(addons: readonly Addon[], { tree, files }: Shipment): Map<string, PackageFile> {
  const roots = addons.filter(({ directory }) => tree.has(directory));
  const layout = layOut(new Map(roots.map(({ name, directory }) => [name, directory])), present(tree));
  const all = new Map<string, PackageFile>();
  for (const [path, directory] of layout)
    for (const file of files.get(directory) ?? []) all.set(`${path}/${file.path}`, file);
  return all;
}

/** Without dependencies that were left out. */
function present(tree: Tree): Tree {
  const found = (directory: string | undefined) =>
    directory !== undefined && tree.has(directory) ? directory : undefined;
  return new Map(
    [...tree].map(([place, installed]) => {
      const dependencies = [...installed.dependencies].map(([name, directory]) => [name, found(directory)] as const);
      return [place, { ...installed, dependencies: new Map(dependencies) }];
    }),
  );
}
