import { LIBRARY } from "../protocol/library.ts";
import type { BundleConfig } from "./config.ts";
import { refused } from "./refused.ts";

/** What esbuild does when it links, which an incremental bundle is without. */
const LINKED = [
  "splitting",
  "inject",
  "minify",
  "minifyIdentifiers",
  "minifySyntax",
  "minifyWhitespace",
  "entryNames",
  "legalComments",
  "lineLimit",
] as const;

/** Loaders that make files of their own. */
const FILE_LOADERS = ["file", "copy", "css", "global-css", "local-css"];

/** @throws Failure, exit code 2, for what `incremental` can't be combined with */
export function checkIncremental(bundle: BundleConfig): void {
  const { entryPoints, format, loader = {} } = bundle;
  const remedy = "remove one of the two";
  const linked = LINKED.find((key) => bundle[key]);
  if (linked !== undefined) throw refused(`bundle.${linked} does not work with bundle.incremental: ${remedy}`);
  if (format !== "cjs")
    throw refused('bundle.incremental needs bundle.format: "cjs", since its modules are loaded as by require()');
  if (Array.isArray(entryPoints))
    throw refused("bundle.incremental needs bundle.entryPoints as an object of names and sources");
  if (LIBRARY in entryPoints)
    throw refused(`bundle.entryPoints: ${LIBRARY} is the name of another output of bundle.incremental`);
  const suffix = Object.keys(loader).find((key) => FILE_LOADERS.includes(loader[key] ?? ""));
  if (suffix !== undefined)
    throw refused(`the loader ${loader[suffix]} of ${suffix} files does not work with bundle.incremental: ${remedy}`);
}
