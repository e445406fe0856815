import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Plugin } from "../esbuild.ts";

/** A package that is not bundled but shipped unchanged, for the target's platform. */
export interface Addon {
  readonly name: string;
  readonly version: string;
  /** Where the developer's machine has it: an absolute path. */
  readonly directory: string;
}

/**
 * Leaves the packages `names` out of the bundle and collects those that are imported in `found`, by name. The filter
 * matches imports of `names` only: each match costs a round trip between esbuild and this process at every build.
 */
export function addonImports(names: readonly string[], found: Map<string, Addon>): Plugin {
  return {
    name: "addon-imports",
    setup: (build) => {
      if (names.length === 0) return;
      const alternatives = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
      build.onResolve({ filter: new RegExp(`^(${alternatives})(/|$)`) }, ({ path, kind, resolveDir }) => {
        const name = packageName(path);
        const directory = kind === "entry-point" ? undefined : packageDirectory(name, resolveDir);
        if (directory === undefined) return undefined;
        found.set(name, { name, version: readManifest(directory).version ?? "0.0.0", directory });
        return { path, external: true };
      });
    },
  };
}

/** The packages with native parts among those that files of `root` can import. */
export async function nativePackages(root: string): Promise<string[]> {
  const names = new Set<string>();
  for (let folder = root; ; folder = dirname(folder)) {
    await collectNative(join(folder, "node_modules"), names);
    if (folder === dirname(folder)) return [...names];
  }
}

async function collectNative(modules: string, names: Set<string>): Promise<void> {
  const entries = await readdir(modules).catch(() => []);
  const scopes = entries.filter((name) => name.startsWith("@"));
  const scoped = scopes.map(async (scope) =>
    (await readdir(join(modules, scope)).catch(() => [])).map((name) => `${scope}/${name}`),
  );
  const packages = [...entries.filter((name) => !/^[.@]/.test(name)), ...(await Promise.all(scoped)).flat()];
  await Promise.all(
    packages.map(async (name) => {
      const directory = join(modules, name);
      const manifest = await readFile(join(directory, "package.json"), "utf8").catch(() => "");
      if (manifest !== "" && hasNativeParts(parseManifest(manifest), directory)) names.add(name);
      await collectNative(join(directory, "node_modules"), names);
    }),
  );
}

function packageName(path: string): string {
  return path
    .split("/")
    .slice(0, path.startsWith("@") ? 2 : 1)
    .join("/");
}

/** Looked up as Node.js does, from `from` upwards. */
export function packageDirectory(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

export interface Manifest {
  readonly version?: string;
  /** Version ranges by program, such as node, npm and bare. */
  readonly engines?: Readonly<Record<string, string>>;
  readonly gypfile?: boolean;
  readonly binary?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export function readManifest(directory: string): Manifest {
  return parseManifest(readFileSync(join(directory, "package.json"), "utf8"));
}

/** A package whose manifest is not valid JSON counts as having an empty one. */
function parseManifest(text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    return {};
  }
}

/** Node.js loads nothing of a package for Bare alone; tar-stream depends on one. */
export function isForNode({ engines = {} }: Manifest): boolean {
  return !("bare" in engines) || "node" in engines;
}

/** Recognizes each way to ship a binary: one package per platform, prebuilds, node-gyp and similar tools. */
export function hasNativeParts(manifest: Manifest, directory: string): boolean {
  const platformPackages = Object.keys(manifest.optionalDependencies ?? {}).filter((name) =>
    /(^|[-/_.])(linux|darwin|win32)([-_.]|$)/.test(name),
  );
  const install = `${manifest.scripts?.["install"] ?? ""} ${manifest.scripts?.["postinstall"] ?? ""}`;
  return (
    platformPackages.length > 0 ||
    manifest.gypfile === true ||
    /\b(node-gyp|node-gyp-build|prebuild-install|node-pre-gyp|cmake-js)\b/.test(install) ||
    ["binding.gyp", "prebuilds"].some((name) => existsSync(join(directory, name)))
  );
}
