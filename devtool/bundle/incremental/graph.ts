import { isBuiltin } from "node:module";
import { type BuildOptions, buildOnce } from "../esbuild.ts";
import { type Loaders, loaderOf } from "../located.ts";

/** Before the id of a module in what esbuild writes, where it imports one. */
export const MODULE = "devtool:";

/** What the code calls a module: without what JavaScript escapes in a string. */
export function nameOf(id: string): string {
  return MODULE + encodeURI(id);
}

/** The id, of what follows `devtool:` in a name. */
export function idOf(name: string): string {
  return decodeURI(name);
}

/** Where the imports of source files lead, as esbuild finds it: importer → `keyOf` an import. Paths are as in an id. */
export type Graph = Map<string, Map<string, Found>>;

export interface Found {
  /** As the importer has it. */
  readonly written: string;
  /** Of a file as in an id; of anything else what esbuild's metafile has. */
  readonly path: string;
  readonly isExternal: boolean;
}

/** By a build of all of the program, which also finds what is wrong with it. @throws esbuild's BuildFailure */
export async function graphOf(options: BuildOptions): Promise<Graph> {
  const { metafile } = await buildOnce({ ...options, sourcemap: false });
  const graph: Graph = new Map();
  // Without an original it may also be an import of types only, which esbuild did not look for.
  for (const [importer, { imports }] of Object.entries(metafile.inputs))
    for (const { path, kind, external = false, original } of imports)
      if (original !== undefined || !external || isBuiltin(path))
        note(graph, importer, keyOf(kind, original ?? path), {
          written: original ?? path,
          path: path.replace(AS_JSON, ""),
          isExternal: external,
        });
  return graph;
}

const AS_JSON = / with \{ type: 'json' \}$/;

export function note(graph: Graph, importer: string, key: string, found: Found): void {
  const imports = graph.get(importer) ?? new Map<string, Found>();
  graph.set(importer, imports.set(key, found));
}

/** A package has other files for require(), and a plugin may tell an import() from an import. */
export function keyOf(kind: string, written: string): string {
  return `${kind} ${written}`;
}

/** The ids of all modules that it leads to. */
export function modulesIn(graph: Graph, loaders: Loaders): string[] {
  const all = [...graph.values()].flatMap((imports) => [...imports.values()]);
  return all.filter((found) => isModule(found, loaders)).map(({ path }) => path);
}

/** Whether it is a file with code. What else can be one of esbuild's modules is data, and what plugins make. */
export function isModule({ path, isExternal }: Found, loaders: Loaders): boolean {
  return !isExternal && !/^[^/.]{2,}:/.test(path) && loaderOf(path, loaders) !== undefined;
}
