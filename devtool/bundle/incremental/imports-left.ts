import { join, relative } from "node:path";
import { withSlashes } from "../../paths/slashes.ts";
import type { OnResolveArgs, Plugin } from "../esbuild.ts";
import type { Loaders } from "../located.ts";
import { type Graph, isModule, keyOf, nameOf, note } from "./graph.ts";
import { Unfit } from "./unfit.ts";

/** How an import that leads to a module is asked for again, for what a path does not say. */
export interface Origin {
  readonly written: string;
  readonly asked: Omit<OnResolveArgs, "path" | "pluginData">;
  /** Whether it is a file with code. */
  readonly isFile: boolean;
}

/** Of modules by id. */
export type Origins = Map<string, Origin>;

/** What imports of a program lead to, which it adds to. */
export interface Resolved {
  readonly graph: Graph;
  readonly origins: Origins;
}

/** Prefix of the id of an entry point that is data or what a plugin makes, and not a file with code. */
export const WRAPPED = "devtool-wrapped:";
const WRAPPER = WRAPPED.slice(0, -1);

/** The entry point of a build for a module. */
export function entryOf(id: string, root: string, origins: Origins): string {
  return origins.get(id)?.isFile === false ? WRAPPED + id : join(root, id);
}

/**
 * Leaves every import in the code, as one of `devtool:` and the module's id. What is external, and what is not found, is
 * esbuild's. What `graph` and `origins` lack is added to them.
 */
export function importsLeft(root: string, loaders: Loaders, { graph, origins }: Resolved): Plugin {
  return {
    name: "imports-left",
    setup: (build) => {
      const resolve = async ({ written, asked }: Pick<Origin, "written" | "asked">) =>
        await build.resolve(written, { ...asked, pluginData: ASKED });
      build.onResolve({ filter: /.*/ }, async ({ path: written, pluginData, ...asked }) => {
        if (pluginData === ASKED) return undefined;
        if (asked.kind === "entry-point") return await entryPoint(written);
        if (asked.namespace === WRAPPER) return await again(written);
        if (!isPlain(asked.with)) return undefined;
        if (pluginData !== undefined) throw new Unfit(`a plugin hands ${asked.importer} on to what that imports`);
        const importer = withSlashes(relative(root, asked.importer));
        const key = keyOf(asked.kind, written);
        let found = graph.get(importer)?.get(key);
        if (!found) {
          const answer = await resolve({ written, asked });
          if (answer.errors.length > 0) return undefined;
          const isFile = answer.namespace === "file" && !answer.external;
          const place = isFile ? withSlashes(relative(root, answer.path)) : `${answer.namespace}:${answer.path}`;
          found = { written, path: answer.external ? answer.path : place + answer.suffix, isExternal: answer.external };
          note(graph, importer, key, found);
        }
        if (found.isExternal) return { path: found.path, external: true };
        if (found.path.startsWith(DISABLED)) return undefined;
        origins.set(found.path, { written, asked, isFile: isModule(found, loaders) });
        return { path: nameOf(found.path), external: true };
      });
      // Data alone has no code, and a plugin may give a path what only an import of it gets.
      build.onLoad({ filter: /.*/, namespace: WRAPPER }, ({ path }) => {
        return { contents: `module.exports = require(${JSON.stringify(path)});`, resolveDir: root };
      });
      const entryPoint = async (path: string) => {
        if (path.startsWith(WRAPPED)) return { path: path.slice(WRAPPED.length), namespace: WRAPPER };
        return await again(withSlashes(relative(root, path)));
      };
      const again = async (id: string) => {
        const origin = origins.get(id);
        if (!origin) return undefined;
        const { path, namespace, suffix, pluginData, errors } = await resolve(origin);
        return errors.length > 0 ? { errors } : { path, namespace, suffix, pluginData };
      };
    },
  };
}

/** What else an import says, a plugin may ask for. */
function isPlain({ type = "json", ...others }: OnResolveArgs["with"]): boolean {
  return type === "json" && Object.keys(others).length === 0;
}

const ASKED = Symbol("asked");
/** esbuild's mark on what a package says that a browser does without. */
export const DISABLED = "(disabled):";
