import { join, relative } from "node:path";
import { withSlashes } from "../paths/slashes.ts";
import { packageOf } from "./addons/package.ts";
import type { Plugin } from "./esbuild.ts";
import { asUrl, LOCATE } from "./located.ts";
import { specifierOf, type Unresolved } from "./unresolved.ts";

const NAMESPACE = "devtool-addon";

/** Whether an error is about an add-on of the project's own, which is no package's, and may be on the target alone. */
export function isOwnAddon(error: Unresolved): boolean {
  const isAddon = error.text.includes('".node" files') || /^\.\.?\/.*\.node$/.test(specifierOf(error) ?? "");
  return isAddon && packageOf(error.file) === undefined;
}

/** Leaves such add-ons where they are in the mirror: built there, or sent. */
export function ownAddons(root: string, hasAny: boolean): Plugin {
  return {
    name: "own-addons",
    setup: (build) => {
      if (!hasAny) return;
      build.onResolve({ filter: /^\.\.?\/.*\.node$/ }, ({ path, importer, resolveDir }) => {
        return packageOf(importer) ? undefined : { path: join(resolveDir, path), namespace: NAMESPACE };
      });
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path }) => {
        const place = JSON.stringify(asUrl(withSlashes(relative(root, path))));
        return { contents: `module.exports = require(${LOCATE}(${place}, "filename"));` };
      });
    },
  };
}
