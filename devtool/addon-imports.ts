import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "./esbuild.ts";

/** A package that is not bundled but shipped as it is, for the target's platform. */
export interface Addon {
  readonly name: string;
  readonly version: string;
  /** Where the developer's machine has it: an absolute path. */
  readonly directory: string;
}

/** Leaves packages with native parts out of the bundle and collects them in `found`, by name. */
export function addonImports(named: readonly string[], found: Map<string, Addon>): Plugin {
  const known = new Map<string, Addon | undefined>();
  return {
    name: "addon-imports",
    setup: (build) => {
      // A bare import: neither relative, nor absolute (/, C:\), nor of the package's own (#), nor of Node's (node:), which
      // are most: esbuild asks across a pipe for each that the filter lets pass, at every build.
      build.onResolve({ filter: /^[^./#:][^:]*$/ }, ({ path, kind, resolveDir }) => {
        if (kind === "entry-point") return undefined;
        const name = packageName(path);
        const directory = packageDirectory(name, resolveDir);
        if (directory === undefined) return undefined;
        if (!known.has(directory)) known.set(directory, readAddon(name, directory, named.includes(name)));
        const addon = known.get(directory);
        if (!addon) return undefined;
        found.set(name, addon);
        return { path, external: true };
      });
    },
  };
}

export function packageName(path: string): string {
  return path
    .split("/")
    .slice(0, path.startsWith("@") ? 2 : 1)
    .join("/");
}

/** As Node.js looks it up, from `from` upwards. */
export function packageDirectory(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

export interface Manifest {
  readonly version?: string;
  readonly gypfile?: boolean;
  readonly binary?: unknown;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as Manifest;
}

function readAddon(name: string, directory: string, isNamed: boolean): Addon | undefined {
  const manifest = readManifest(directory);
  if (!isNamed && !isNative(manifest, directory)) return undefined;
  return { name, version: manifest.version ?? "0.0.0", directory };
}

/** By what the ways to ship a binary leave in a package: one package for each platform, prebuilds, or node-gyp and its like. */
function isNative(manifest: Manifest, directory: string): boolean {
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
