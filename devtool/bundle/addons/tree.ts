import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { findGenerated, undeclared } from "./generated.ts";
import { isInstalled, type Manifest, packageDirectory, readManifest } from "./package.ts";

/** An installed package, and what Node.js finds from it. */
export interface Installed {
  /** A real path. */
  readonly directory: string;
  readonly manifest: Manifest;
  /** Name → directory; undefined: it is declared, and not installed, or not for the target. */
  readonly dependencies: ReadonlyMap<string, string | undefined>;
}

/** Packages by directory, with all that they depend on. */
export type Tree = ReadonlyMap<string, Installed>;

/**
 * The packages in `directories` and what Node.js finds for their dependencies, optional and peer ones too, without those
 * that `accepts` refuses.
 */
export function resolveTree(
  directories: readonly string[],
  accepts: (manifest: Manifest) => boolean = () => true,
): Map<string, Installed> {
  const tree = new Map<string, Installed>();
  const manifests = new Map<string, Manifest>();
  const manifestOf = (directory: string) => {
    const manifest = manifests.get(directory) ?? readManifest(directory);
    manifests.set(directory, manifest);
    return manifest;
  };
  const generatedIn = findGenerated();
  const waiting = [...directories];
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    if (tree.has(directory)) continue;
    const manifest = manifestOf(directory);
    const dependencies = new Map<string, string | undefined>();
    const names = [...declared(manifest), ...bundled(directory), ...undeclared(directory, generatedIn)];
    for (const name of [...new Set(names)].sort()) {
      const found = packageDirectory(name, directory);
      const isUsable = found !== undefined && (tree.has(found) || accepts(manifestOf(found)));
      dependencies.set(name, isUsable ? found : undefined);
      if (isUsable) waiting.push(found);
    }
    tree.set(directory, { directory, manifest, dependencies });
  }
  return tree;
}

/** Types are for the compiler: nothing of them is loaded. */
function declared({ dependencies, optionalDependencies, peerDependencies }: Manifest): string[] {
  const names = Object.keys({ ...peerDependencies, ...optionalDependencies, ...dependencies });
  return names.filter((name) => !name.startsWith("@types/"));
}

/** What an installed package has in its own node_modules, where no other one finds it. */
function bundled(directory: string): string[] {
  return isInstalled(directory) ? packagesIn(join(directory, "node_modules")) : [];
}

function packagesIn(modules: string): string[] {
  const names = entriesOf(modules).filter((name) => !name.startsWith("."));
  return names.flatMap((name) =>
    name.startsWith("@") ? entriesOf(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
}

function entriesOf(folder: string): string[] {
  if (!existsSync(folder)) return []; // by far the most: an error costs more
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Whether a package declares that it can do without `name`. */
export function isOptional(manifest: Manifest, name: string): boolean {
  const { optionalDependencies, peerDependenciesMeta, dependencies } = manifest;
  if (optionalDependencies?.[name] !== undefined) return true;
  return dependencies?.[name] === undefined && peerDependenciesMeta?.[name]?.optional === true;
}

/** Whether a package needs what it declares as `name`, or what is generated for it. */
export function isRequired(manifest: Manifest, name: string): boolean {
  if (name.startsWith(".")) return true;
  const isDeclared = manifest.dependencies?.[name] !== undefined || manifest.peerDependencies?.[name] !== undefined;
  return isDeclared && !isOptional(manifest, name);
}
