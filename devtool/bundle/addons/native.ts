import { readFile } from "node:fs/promises";
import { Failure } from "../../failure.ts";
import { type Compile, compiledFiles } from "./compiled.ts";
import { isMachineCode, runsOn, tooNewFor } from "./elf.ts";
import { fetchFor } from "./fetch.ts";
import { ofInstalled, type PackageFile, packageFiles } from "./files.ts";
import { shownPlatform } from "./npm.ts";
import { hasInstallScript, hasNativeParts, isCompiled, isFor, type Platform, platformPackages } from "./package.ts";
import { type Installed, isRequired, resolveTree } from "./tree.ts";

/** What is to be shipped, while its native parts are found. */
export interface Shipment {
  readonly tree: Map<string, Installed>;
  /** By the package's directory. */
  readonly files: Map<string, readonly PackageFile[]>;
}

export interface Place {
  readonly target: Platform;
  /** A folder on this machine. */
  readonly cache: string;
  readonly compile: Compile;
  readonly signal: AbortSignal;
}

/**
 * Gives each package its native parts for the target, of its own, from the registry or compiled there. Returns what could
 * not be had and is not among `required`, with why; that is left out. @throws Failure
 */
export async function completeNative(
  shipment: Shipment,
  required: ReadonlySet<string>,
  place: Place,
): Promise<Map<string, Failure>> {
  const missing = new Map<string, Failure>();
  for (const installed of [...shipment.tree.values()]) {
    try {
      await complete(installed, shipment, place);
    } catch (error) {
      if (!(error instanceof Failure) || required.has(installed.directory)) throw error;
      missing.set(installed.directory, error);
    }
  }
  for (const directory of missing.keys()) shipment.tree.delete(directory);
  return missing;
}

/** What cannot be done without: from these packages along what each needs. */
export function requiredFrom(directories: readonly string[], tree: ReadonlyMap<string, Installed>): Set<string> {
  const required = new Set<string>();
  const waiting = [...directories];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const installed = tree.get(at);
    if (required.has(at) || !installed) continue;
    required.add(at);
    for (const [name, found] of installed.dependencies)
      if (found !== undefined && isRequired(installed.manifest, name)) waiting.push(found);
  }
  return required;
}

async function complete(installed: Installed, shipment: Shipment, place: Place): Promise<void> {
  const { directory, manifest, dependencies } = installed;
  const { target } = place;
  const files = shipment.files.get(directory) ?? [];
  const binaries = await binariesAmong(files);
  const addons = files.filter(({ path }) => path.endsWith(".node"));
  if (binaries.length + addons.length === 0 && !hasNativeParts(manifest, directory)) return;
  const usable = await filtered(binaries, (file) => isUsable(file, target));
  // Another platform's would be loaded instead of ours: node-gyp-build looks for a compiled one first.
  const kept = files.filter((file) => !(binaries.includes(file) || addons.includes(file)) || usable.includes(file));
  shipment.files.set(directory, kept);
  const names = platformPackages(manifest, target.platform);
  if (usable.length > 0 || names.some((name) => dependencies.get(name) !== undefined)) return;
  if (names.length > 0 && (await addFetched(installed, names, shipment, place))) return;
  if (isCompiled(manifest, directory) || (binaries.length > 0 && hasInstallScript(manifest))) {
    const made = await compiledFiles({ ...shipment, package: installed }, place);
    shipment.files.set(directory, [...kept.filter(({ path }) => !made.some((file) => file.path === path)), ...made]);
  } else if (addons.length + names.length > 0)
    throw (await tooNew(installed, binaries, target)) ?? noNativePart(installed, target);
}

/** Add-ons, and programs: on Linux and macOS these have no suffix. */
const MAYBE_BINARY = /(^|\/)[^./]+$|\.(node|exe)$/;

function binariesAmong(files: readonly PackageFile[]): Promise<readonly PackageFile[]> {
  return filtered(files, ({ path, source }) => MAYBE_BINARY.test(path) && isMachineCode(source));
}

async function filtered(
  files: readonly PackageFile[],
  test: (file: PackageFile) => boolean | Promise<boolean>,
): Promise<PackageFile[]> {
  const results = await Promise.all(files.map(test));
  return files.filter((_, at) => results[at]);
}

/** Those that are for the target, with what they need; false: none is. @throws Failure for one that the target can't load */
async function addFetched(
  installed: Installed,
  names: readonly string[],
  { tree, files }: Shipment,
  { target, cache, signal }: Place,
): Promise<boolean> {
  const fetched = await fetchFor(installed, names, target, cache, signal);
  if (fetched.size === 0) return false;
  for (const [directory, found] of resolveTree([...fetched.values()], (manifest) => isFor(manifest, target))) {
    const own = packageFiles(directory, ofInstalled);
    const unloadable = await tooNew(found, await binariesAmong(own), target);
    if (unloadable) throw unloadable;
    tree.set(directory, found);
    files.set(directory, own);
  }
  tree.set(installed.directory, { ...installed, dependencies: new Map([...installed.dependencies, ...fetched]) });
  return true;
}

/** A binary without Node-API is for one major version; node-gyp-build knows which by a prebuilt one's name. */
async function isUsable({ path, source }: PackageFile, target: Platform): Promise<boolean> {
  if (!(await runsOn(source, target)) || (await tooNewFor(source, target)) !== undefined) return false;
  if (
    !path.endsWith(".node") ||
    /(^|\/)prebuilds\//.test(path) ||
    !target.node ||
    majorOf(target.node) === majorOf(process.version)
  )
    return true;
  return (await readFile(source)).includes("napi_register_module_v", 0, "latin1");
}

export function majorOf(version: string): string {
  return version.replace(/^v/, "").split(".")[0] ?? "";
}

function noNativePart({ manifest: { name, version } }: Installed, target: Platform): Failure {
  return new Failure(`${name}@${version} has no native part for ${shownPlatform(target)}`, {
    code: "package-unavailable",
    remedy: "choose a version that has a binary for that platform, or a target with another platform",
  });
}

/** One that was built where glibc or libstdc++ is newer than on the target. */
async function tooNew(
  { manifest: { name, version } }: Installed,
  binaries: readonly PackageFile[],
  target: Platform,
): Promise<Failure | undefined> {
  for (const { source } of binaries) {
    const found = (await runsOn(source, target)) ? await tooNewFor(source, target) : undefined;
    if (found === undefined) continue;
    return new Failure(`${name}@${version} was built for ${found.needed} or newer, and the target has ${found.there}`, {
      code: "package-unavailable",
      remedy:
        "give it an install script, such as node-gyp rebuild, and devtool builds it on the target; or build it on a system as old as that",
    });
  }
  return undefined;
}
