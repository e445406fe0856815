import { dirname } from "node:path";
import { importsOf, packageDirectory, packageName, packageOf, readManifest } from "./addons/package.ts";
import { isRequired } from "./addons/tree.ts";
import type { Plugin } from "./esbuild.ts";
import { packageIn, type Unresolved } from "./unresolved.ts";

/** The package that an error is about, where the one that loads it can do without it, and it is not installed. */
export function absentIn(error: Unresolved): string | undefined {
  const name = packageIn(error);
  return name !== undefined && mayBeAbsent(name, error.file, dirname(error.file)) ? name : undefined;
}

/**
 * Leaves the require() and import() of such packages in the code: a program that never gets there runs, as it does
 * without a bundle. Many packages have such for each database or transport that they know.
 */
export function absentPackages(names: ReadonlySet<string>): Plugin {
  return {
    name: "absent-packages",
    setup: (build) => {
      if (names.size === 0) return;
      build.onResolve({ filter: importsOf([...names]) }, ({ path, kind, importer, resolveDir }) => {
        if (kind === "import-statement" || !mayBeAbsent(packageName(path), importer, resolveDir)) return undefined;
        return { path, external: true };
      });
    },
  };
}

function mayBeAbsent(name: string, importer: string, folder: string): boolean {
  const loading = packageOf(importer);
  return (
    loading !== undefined &&
    packageDirectory(name, folder) === undefined &&
    !isRequired(readManifest(loading.directory), name)
  );
}
