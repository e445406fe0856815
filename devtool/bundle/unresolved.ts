import { dirname, join } from "node:path";
import { stringsIn } from "./addons/files.ts";
import { isInstalled, packageDirectory, packageName, readManifest } from "./addons/package.ts";

/** An error of esbuild's; the file is an absolute path. */
export interface Unresolved {
  readonly file: string;
  readonly text: string;
}

/** What an import names that leads nowhere. */
export function specifierOf({ text }: Unresolved): string | undefined {
  return /^Could not resolve "([^"]*)"/.exec(text)?.[1];
}

/** The package that it names, where it names one. */
export function packageIn(error: Unresolved): string | undefined {
  const specifier = specifierOf(error);
  return specifier === undefined || /^[./#]/.test(specifier) ? undefined : packageName(specifier);
}

/** The files that such imports may be waiting for, also those that git ignores, as what is generated: absolute paths. */
export function awaitedBy(errors: readonly Unresolved[]): string[] {
  return errors.flatMap((error) => {
    const specifier = specifierOf(error);
    if (specifier === undefined) return [];
    const folder = dirname(error.file);
    return /^\.\.?\//.test(specifier) ? candidates(join(folder, specifier)) : namedByOwn(specifier, folder);
  });
}

const SUFFIXES = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];

function candidates(path: string): string[] {
  const stem = path.replace(/\.[mc]?jsx?$/, "");
  return [path, ...[stem, join(stem, "index")].flatMap((start) => SUFFIXES.map((suffix) => start + suffix))];
}

/** Of a package of the workspace, which may have to be built. */
function namedByOwn(specifier: string, from: string): string[] {
  const directory = packageDirectory(packageName(specifier), from);
  if (directory === undefined || isInstalled(directory)) return [];
  const { main, module, exports } = readManifest(directory);
  const names = [main, module, ...stringsIn(exports)].filter((name) => name !== undefined && !name.includes("*"));
  return names.map((name) => join(directory, name ?? ""));
}
