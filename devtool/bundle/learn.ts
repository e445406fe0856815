import { dirname, join } from "node:path";
import { absentIn } from "./absent.ts";
import type { Addon } from "./addons/apart.ts";
import { createReader } from "./addons/archive.ts";
import {
  hasNativeParts,
  isInstalled,
  manifestFolder,
  packageDirectory,
  packageName,
  packageOf,
  readManifest,
} from "./addons/package.ts";
import { resolveTree } from "./addons/tree.ts";
import { isFile, type Metafile, type Outputs } from "./esbuild.ts";
import { MENDED, type Mended } from "./heading.ts";
import { hasUnlocated, type Loaders, loaderOf, usesOf } from "./located.ts";
import { isOwnAddon } from "./own-addons.ts";
import type { Unresolved } from "./unresolved.ts";

/** What only a build shows about a project; each fact changes how it is built. */
export interface Known {
  /** Packages that are shipped, not bundled: real path → name. */
  readonly apart: Map<string, string>;
  /** The project's own files that use import.meta or __dirname: absolute paths. */
  readonly located: Set<string>;
  /** Which of these modules of Node.js it imports. */
  readonly mended: Set<Mended>;
  /** Whether something uses them that is a file neither of the project nor of a package. */
  hasOthers: boolean;
  /** Whether the project's own files load a .node file of the project. */
  hasOwnAddons: boolean;
  /** Packages that are not installed, and that others can do without. */
  readonly absent: Set<string>;
  /** Inputs and shipped packages that were looked at. */
  readonly seen: Set<string>;
}

/** Before the first build: which of the project's own dependencies have native parts. A guess that saves a build. */
export function firstKnown(root: string): Known {
  const known: Known = {
    apart: new Map(),
    located: new Set(),
    mended: new Set(),
    hasOthers: false,
    hasOwnAddons: false,
    absent: new Set(),
    seen: new Set(),
  };
  const { dependencies, optionalDependencies } = readManifest(root);
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const directory = packageDirectory(name, root);
    if (directory !== undefined) learnNative(known, new Map([[directory, name]]));
  }
  return known;
}

export interface Built {
  readonly metafile: Metafile;
  readonly outputFiles: Outputs;
  /** Whether a file of it has a use of its place that it does not declare; undefined where the outputs show it. */
  readonly isUnlocated?: boolean;
  /** Packages that it imports. */
  readonly addons: readonly Addon[];
}

/** Adds to `known` what a build shows; returns whether another build will differ. */
export async function learn(known: Known, root: string, built: Built, loaders: Loaders): Promise<boolean> {
  const before = sizeOf(known);
  const { metafile, addons, outputFiles } = built;
  const inputs = filesOf(root, metafile);
  const paths = [...inputs, ...addons.map(({ directory }) => directory)];
  const isNew = paths.some((path) => !known.seen.has(path));
  const { isUnlocated: hasOther = outputFiles.some(({ contents }) => hasUnlocated(contents)) } = built;
  learnMended(known, metafile);
  if (!isNew && !hasOther) return sizeOf(known) > before;
  for (const path of paths) known.seen.add(path);
  const packages = packagesOf(inputs, root, metafile);
  if (isNew) learnNative(known, packages);
  if (hasOther) await learnLocated(known, packages, inputs, loaders);
  learnShared(known, packages, addons);
  learnMended(known, metafile);
  known.hasOthers ||= hasOther && sizeOf(known) === before;
  return sizeOf(known) > before;
}

/** Of a build that failed: packages that can't be bundled because of their native parts, and what others can do without. */
export function learnFromFailure(known: Known, errors: readonly Unresolved[]): boolean {
  const before = sizeOf(known);
  for (const error of errors) {
    const { file, text } = error;
    const absent = absentIn(error);
    if (absent !== undefined) known.absent.add(absent);
    known.hasOwnAddons ||= isOwnAddon(error);
    const found = packageOf(file);
    if (!found) continue;
    if (text.includes('".node" files')) known.apart.set(found.directory, found.name);
    else learnNative(known, new Map([[found.directory, found.name]]));
  }
  return sizeOf(known) > before;
}

function sizeOf({ apart, located, mended, absent, hasOthers, hasOwnAddons }: Known): number {
  return apart.size + located.size + mended.size + absent.size + (hasOthers ? 1 : 0) + (hasOwnAddons ? 1 : 0);
}

/**
 * What starts a source knows its path also by the working directory; the others are asked for what a source knows of itself. A
 * program that is alone and knows no path is left as it is: what is mended is loaded at each start.
 */
function learnMended({ mended, located }: Known, { outputs }: Metafile): void {
  const entries = Object.values(outputs).filter(({ entryPoint }) => entryPoint !== undefined);
  if (entries.length < 2 && located.size === 0) return;
  const imports = Object.values(outputs).flatMap((output) => output.imports);
  for (const name of MENDED.filter((module) => !OF_OWN_PATH.includes(module) || located.size > 0))
    if (imports.some(({ path, external }) => external && path.replace(/^node:|\/.*/g, "") === name)) mended.add(name);
}

const OF_OWN_PATH: readonly Mended[] = ["fs", "module"];

function learnNative({ apart }: Known, packages: ReadonlyMap<string, string>): void {
  for (const [directory, name] of packages)
    if (hasNativeParts(readManifest(directory), directory)) apart.set(directory, name);
}

/** What a shipped package depends on would be there twice, once in the bundle: a class would not be its own instance's. */
function learnShared({ apart }: Known, packages: ReadonlyMap<string, string>, addons: readonly Addon[]): void {
  const leaving = [...apart.keys()].filter((directory) => packages.has(directory));
  const shipped = resolveTree([...leaving, ...addons.map(({ directory }) => directory)]);
  for (const [directory, name] of packages) if (shipped.has(directory)) apart.set(directory, name);
}

/** A package that looks for its own files is shipped with them. */
async function learnLocated(
  { apart, located }: Known,
  packages: ReadonlyMap<string, string>,
  inputs: readonly string[],
  loaders: Loaders,
): Promise<void> {
  const read = createReader();
  for (const file of inputs) {
    const loader = loaderOf(file, loaders);
    const folder = packageOf(file)?.directory ?? manifestFolder(file) ?? "";
    if (loader === undefined || located.has(file) || apart.has(folder)) continue;
    const text = await read(file).catch(() => ""); // gone again
    if ((await usesOf(text, loader)).length === 0) continue;
    const name = packages.get(folder);
    if (name !== undefined && !isTypeScript(loader)) apart.set(folder, name);
    else located.add(file);
  }
}

/** Node.js runs none of a package. */
function isTypeScript(loader: string): boolean {
  return loader.startsWith("ts");
}

/** Absolute paths of the inputs that are files. */
function filesOf(root: string, { inputs }: Metafile): string[] {
  return Object.keys(inputs)
    .filter(isFile)
    .map((path) => join(root, path));
}

/** The packages among the inputs: real path → name. One of a workspace is one if it is imported by its name. */
function packagesOf(files: readonly string[], root: string, { inputs }: Metafile): Map<string, string> {
  const packages = new Map<string, string>();
  let hasLinked = false;
  for (const file of files) {
    const found = packageOf(file);
    if (found) packages.set(found.directory, found.name);
    else hasLinked ||= manifestFolder(file) !== root;
  }
  if (!hasLinked) return packages;
  for (const [importer, { imports }] of Object.entries(inputs))
    for (const { original, path, external } of imports) {
      if (external || original === undefined || /^[./]/.test(original)) continue;
      const folder = manifestFolder(join(root, path));
      if (folder === undefined || folder === root || isInstalled(folder)) continue;
      const name = packageName(original);
      if (packageDirectory(name, dirname(join(root, importer))) === folder) packages.set(folder, name);
    }
  return packages;
}
