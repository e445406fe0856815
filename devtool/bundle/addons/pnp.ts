import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { withAncestors } from "../../paths/ancestors.ts";
import { withSlashes } from "../../paths/slashes.ts";
import type { Diagnostic } from "../../report/diagnostic.ts";

/**
 * Where yarn's Plug'n'Play has packages, in the project or, archives, for all of a user's: esbuild finds them there, Node.js on
 * the target would not.
 */
const PLACES = /(^|[\\/])\.yarn[\\/](unplugged|cache|__virtual__)[\\/]|\.zip[\\/]node_modules[\\/]/;

export const PNP_FILE = ".pnp.cjs";
export const PNP_REMEDY = "write nodeLinker: node-modules into .yarnrc.yml, and run yarn install";

/** A workspace has it at its top. */
export function usesPnp(root: string): boolean {
  return withAncestors(root).some((folder) => existsSync(join(folder, PNP_FILE)));
}

/** Of packages that would be shipped with their files, by real path, those that can't be, since Plug'n'Play has them. */
export function unshipped(root: string, apart: ReadonlyMap<string, string>): Diagnostic[] {
  const text = `it has a native part, or reads files of its own, and is shipped from node_modules only, not from where yarn's Plug'n'Play has it: ${PNP_REMEDY}`;
  return [...apart.keys()]
    .filter((directory) => PLACES.test(directory))
    .map((directory) => withSlashes(relative(root, join(directory, "package.json"))))
    .map((file) => ({ file, line: 0, column: 0, severity: "warning", text }));
}
