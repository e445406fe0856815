import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname, join } from "node:path";
import type { Plugin } from "../esbuild.ts";
import {
  importsOf,
  type Manifest,
  manifestFolder,
  packageDirectory,
  packageName,
  packageOf,
  readManifest,
} from "./package.ts";
import { isOptional } from "./tree.ts";

/** A package that is not bundled but shipped beside the bundle, for the target's platform. */
export interface Addon {
  /** By which the bundle imports it: its own, or `name@version` where another version has that. */
  readonly name: string;
  /** Where this machine has it: a real path. */
  readonly directory: string;
  /** Whether what imports it declares that it can do without it. */
  readonly isOptional: boolean;
}

/** Which packages stay out of the bundle. */
export interface StaysOut {
  /** Those of these names, wherever they are found. */
  readonly names: readonly string[];
  /** Real path → name. */
  readonly directories: ReadonlyMap<string, string>;
}

const BY_REQUIRE = "devtool-require";
const BY_IMPORT = "devtool-import";
const BY_EFFECT = "devtool-effect";

/**
 * Leaves packages out of the bundle and collects those that are imported in `found`, by the name that they are shipped
 * under. `isModule`: whether the bundle is an ES module. The filter matches imports of their names only: each match costs a
 * round trip between esbuild and this process.
 */
export function importsApart(
  root: string,
  { names, directories }: StaysOut,
  found: Map<string, Addon>,
  isModule: boolean,
): Plugin {
  const all = [...new Set([...names, ...directories.values()])];
  const shippedAs = new Map<string, string>();
  return {
    name: "packages-apart",
    setup: (build) => {
      if (all.length === 0) return;
      // A CommonJS bundle requires an ES module; in a file of a package with "type": "module" all of it would be its default.
      build.onResolve({ filter: /.*/, namespace: BY_IMPORT }, ({ path }) => ({ path, external: true }));
      build.onLoad({ filter: /.*/, namespace: BY_IMPORT }, ({ path }) => {
        const name = JSON.stringify(path);
        return { contents: `export * from ${name}; export { default } from ${name};` };
      });
      build.onResolve({ filter: importsOf(all) }, ({ path, kind, resolveDir, importer }) => {
        const name = packageName(path);
        const directory = kind === "entry-point" ? undefined : packageDirectory(name, resolveDir);
        if (directory === undefined || !(names.includes(name) || directories.has(directory))) return undefined;
        const manifest = readManifest(directory);
        const shipped = shippedAs.get(directory) ?? nameFor(name, directory, manifest, root, [...shippedAs.values()]);
        shippedAs.set(directory, shipped);
        const wasOptional = found.get(shipped)?.isOptional ?? true;
        const canDoWithout = wasOptional && importer !== "" && importerAllows(importer, name);
        found.set(shipped, { name: shipped, directory, isOptional: canDoWithout });
        const specifier = shipped + path.slice(name.length);
        if (kind.startsWith("require")) return { path: specifier, external: true };
        if (isCommonJs(manifest, path, resolveDir)) {
          const hasEffect = isModule && importsForEffect(importer, path);
          return { path: specifier, namespace: hasEffect ? BY_EFFECT : BY_REQUIRE };
        }
        const isNative = isModule || kind === "dynamic-import";
        return isNative ? { path: specifier, external: true } : { path: specifier, namespace: BY_IMPORT };
      });
      // Node.js finds fewer of a CommonJS module's names for an import than esbuild, which decides when it is called.
      build.onResolve({ filter: /.*/, namespace: BY_REQUIRE }, ({ path }) => ({ path, external: true }));
      build.onLoad({ filter: /.*/, namespace: BY_REQUIRE }, ({ path }) => ({
        contents: `module.exports = require(${JSON.stringify(path)});`,
      }));
      // As an import it runs before those of ES modules that come after it, which run before all that is bundled.
      build.onResolve({ filter: /.*/, namespace: BY_EFFECT }, ({ path }) => ({ path, external: true }));
      build.onLoad({ filter: /.*/, namespace: BY_EFFECT }, ({ path }) => {
        const name = JSON.stringify(path);
        return { contents: `import ${name}; module.exports = require(${name});` };
      });
    },
  };
}

/** The plain name is that of the version which the project itself gets. */
function nameFor(
  name: string,
  directory: string,
  { version = "0.0.0" }: Manifest,
  root: string,
  taken: readonly string[],
): string {
  const own = packageDirectory(name, root);
  if (own === undefined ? !taken.includes(name) : own === directory) return name;
  let candidate = `${name}@${version}`;
  while (taken.includes(candidate)) candidate += "_";
  return candidate;
}

/** Whether the package of the file that imports `name` declares it as optional; `try { require(name) }` is usual there. */
function importerAllows(importer: string, name: string): boolean {
  const folder = packageOf(importer)?.directory ?? manifestFolder(importer);
  return folder !== undefined && isOptional(readManifest(folder), name);
}

/** Whether a file has an import without a name, as of reflect-metadata, on whose effects later imports rely. */
function importsForEffect(file: string, path: string): boolean {
  try {
    const name = path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`\\bimport\\s*["']${name}["']`).test(readFileSync(file, "utf8"));
  } catch {
    return false; // what a plugin makes up
  }
}

/** Whether an import of it is one of a CommonJS module in Node.js, which looks at the syntax where nothing says. */
function isCommonJs({ type, exports }: Manifest, path: string, from: string): boolean {
  if (path.startsWith(".")) return true; // Node.js has no import of .prisma/client
  if (/"(import|module-sync)":/.test(JSON.stringify(exports ?? ""))) return false;
  try {
    const file = createRequire(join(from, "importer.js")).resolve(path);
    if (extname(file) !== ".js") return extname(file) !== ".mjs";
    if (type !== undefined) return type !== "module";
    return !/^\s*(import|export)\b/m.test(readFileSync(file, "utf8"));
  } catch {
    return false; // Node.js says at run time what is wrong
  }
}
