import { createHash, randomBytes } from "node:crypto";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { withAncestors } from "../../paths/ancestors.ts";
import { makeDirectory } from "../../process/make-directory.ts";
import { lockedSpec, parsed } from "./lock.ts";
import { npmInstall } from "./npm.ts";
import { isFor, type Platform, readManifest } from "./package.ts";
import type { Installed } from "./tree.ts";

/**
 * Fetches those of a package's optional dependencies `names` that are for `target`; returns their folders by name.
 * @throws Failure where one could not be fetched
 */
export async function fetchFor(
  { directory, manifest }: Installed,
  names: readonly string[],
  target: Platform,
  cache: string,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const specs = new Map(
    names.map((name) => [name, lockedSpec(name, manifest.optionalDependencies?.[name] ?? "*", directory)]),
  );
  const npmrc = npmrcAbove(directory);
  const entry = join(cache, `fetched-${keyOf(specs, target, npmrc)}`);
  if (!existsSync(entry)) {
    const work = join(cache, `.${randomBytes(6).toString("hex")}.new`);
    try {
      makeDirectory(work);
      if (npmrc !== undefined) copyFileSync(npmrc, join(work, ".npmrc"));
      await install(specs, target, work, signal);
      await rm(join(work, ".npmrc"), { force: true });
      await moveTo(entry, work);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  const places = names.map((name) => [name, placeOf(name, entry)] as const);
  return new Map(places.filter(([, place]) => existsSync(place) && isFor(readManifest(place), target)));
}

/** By rename: an entry is complete when it exists. */
export async function moveTo(entry: string, work: string): Promise<void> {
  await rename(work, entry).catch((error: unknown) => {
    if (!existsSync(entry)) throw error; // else another devtool has created the same one
  });
}

/** A project's own registry or token is in the .npmrc above it; npm itself reads the user's. */
function npmrcAbove(from: string): string | undefined {
  const folder = withAncestors(from).find((one) => existsSync(join(one, ".npmrc")));
  return folder === undefined || folder === homedir() ? undefined : join(folder, ".npmrc");
}

/** Two registries may have different packages of one name. */
function keyOf(
  specs: ReadonlyMap<string, string>,
  { platform, arch, libc }: Platform,
  npmrc: string | undefined,
): string {
  const files = [npmrc, join(homedir(), ".npmrc")].map((file) =>
    file !== undefined && existsSync(file) ? readFileSync(file, "utf8") : "",
  );
  const from = [...files, process.env["npm_config_registry"] ?? ""];
  const key = JSON.stringify([[...specs].sort(), platform, arch, libc, from]);
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}

function placeOf(name: string, prefix: string): string {
  return join(prefix, "node_modules", name);
}

const LOCK_FILE = "package-lock.json";

/** What npm passed over, it is asked for once more as needed: then it says why. */
async function install(
  specs: ReadonlyMap<string, string>,
  target: Platform,
  prefix: string,
  signal: AbortSignal,
): Promise<void> {
  const shown = (names: readonly string[]) => names.map((name) => `${name}@${specs.get(name)}`).join(", ");
  const names = [...specs.keys()];
  await writeManifest(prefix, specs, []);
  await npmInstall(shown(names), target, prefix, signal);
  const needed: string[] = [];
  for (const name of await passedOver(names, target, prefix)) {
    needed.push(name);
    await writeManifest(prefix, specs, needed);
    // In it the package stays optional.
    await rm(join(prefix, LOCK_FILE), { force: true });
    await npmInstall(shown([name]), target, prefix, signal);
  }
}

async function writeManifest(
  prefix: string,
  specs: ReadonlyMap<string, string>,
  needed: readonly string[],
): Promise<void> {
  const dependencies = Object.fromEntries([...specs].filter(([name]) => needed.includes(name)));
  const optionalDependencies = Object.fromEntries([...specs].filter(([name]) => !needed.includes(name)));
  await writeFile(join(prefix, "package.json"), JSON.stringify({ private: true, dependencies, optionalDependencies }));
}

/** Those that are not there although they are, or may be, for the target. */
async function passedOver(names: readonly string[], target: Platform, prefix: string): Promise<string[]> {
  const { packages = {} } = parsed(await readFile(join(prefix, LOCK_FILE), "utf8").catch(() => ""));
  return names.filter((name) => {
    const locked = packages[`node_modules/${name}`];
    return !existsSync(placeOf(name, prefix)) && (locked ? isFor(locked, target) : mayBeFor(name, target));
  });
}

const PROCESSORS = "x64 arm64 arm ia32 riscv64 loong64 ppc64 s390x mips64el".split(" ");

/** By its name, where the registry did not say. */
function mayBeFor(name: string, { arch, libc }: Platform): boolean {
  const words = name.split(/[-/_.]/);
  const processors = words.filter((word) => PROCESSORS.includes(word));
  const isOtherLibc = words.some((word) => (libc === "musl" ? /^(gnu|glibc)/ : /musl/).test(word));
  return !isOtherLibc && (processors.length === 0 || processors.includes(arch));
}
