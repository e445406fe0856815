import { existsSync, realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { withSlashes } from "../../paths/slashes.ts";
import type { BuildOptions } from "../esbuild.ts";
import { compile, type Module } from "./compile.ts";
import { type Graph, graphOf, modulesIn } from "./graph.ts";
import { needed } from "./link.ts";
import { checkExports } from "./missing.ts";
import { type Library, resultOf } from "./outputs.ts";
import { stampOf, surroundingsOf } from "./stamps.ts";

/** What is known of the source files and compiled already. */
interface Compiled {
  readonly graph: Graph;
  readonly modules: Map<string, Module>;
  /** Of each file that the modules were made of, by its path as in an id. */
  readonly stamps: Map<string, string>;
  /** Of these files. */
  surroundings: string;
}

export interface IncrementalContext {
  rebuild(): Promise<ReturnType<typeof resultOf>>;
  cancel(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * As esbuild's context, but a rebuild compiles only the files that changed, however many the program has. `entryPoints` of the
 * options are output → source; `apart` is where their plugins collect the packages that stay out of the bundle.
 */
export function newIncrementalContext<T>(
  options: BuildOptions,
  root: string,
  apart: Map<string, T>,
): IncrementalContext {
  const compiled: Compiled = { graph: new Map(), modules: new Map(), stamps: new Map(), surroundings: "" };
  const everApart = new Map<string, T>();
  let library: Library | undefined;
  const nothing = async () => {};
  return {
    rebuild: async () => {
      const started = Date.now();
      const entries = entriesOf(options, root);
      await lookAgain(compiled, options, root);
      const needs = await compileMissing(compiled, options, root, Object.values(entries), started);
      for (const [name, one] of apart) everApart.set(name, one);
      for (const [name, one] of everApart) apart.set(name, one);
      const programs = Object.keys(entries).map((name, index) => ({ name, modules: needs[index] ?? [] }));
      checkExports([...new Set(programs.flatMap(({ modules }) => modules))], root);
      const result = resultOf(programs, library, compiled.graph, options, root);
      library = result.library;
      return result;
    },
    cancel: nothing,
    dispose: nothing,
  };
}

/** Output → the module's id. */
function entriesOf({ entryPoints }: BuildOptions, root: string): Record<string, string> {
  const entries = Object.entries(entryPoints as Record<string, string>);
  return Object.fromEntries(
    entries.map(([name, source]) => {
      const file = resolve(root, source);
      return [name, withSlashes(relative(root, existsSync(file) ? realpathSync(file) : file))];
    }),
  );
}

/** Drops the modules whose files changed, and all of them once an import may lead elsewhere. */
async function lookAgain(compiled: Compiled, options: BuildOptions, root: string): Promise<void> {
  const { graph, modules, stamps } = compiled;
  if (surroundingsOf(root, stamps.keys()) !== compiled.surroundings || modules.size === 0) {
    for (const known of [graph, modules, stamps]) known.clear();
    for (const [key, found] of await graphOf(options)) graph.set(key, found);
  }
  const changed = new Set(
    [...stamps].filter(([path, stamp]) => !stamp || stampOf(join(root, path)) !== stamp).map(([path]) => path),
  );
  for (const [id, { inputs, watched }] of modules)
    if ([...inputs, ...watched].some((path) => changed.has(path))) modules.delete(id);
}

/** Compiles what is missing of what the entry points need. Returns the modules that each needs. */
async function compileMissing(
  compiled: Compiled,
  options: BuildOptions,
  root: string,
  entries: readonly string[],
  started: number,
): Promise<Module[][]> {
  const { graph, modules, stamps } = compiled;
  let isWider = false;
  // As before they are read: the next build sees what changes meanwhile.
  const stamp = (path: string) => {
    isWider ||= !stamps.has(path);
    stamps.set(path, stampOf(join(root, path), started));
  };
  let expected = modules.size === 0 ? modulesIn(graph, options.loader) : [];
  for (;;) {
    const needs = entries.map((id) => needed(id, modules));
    const imports = needs.flat().flatMap((one) => one.imports);
    const ids = [...new Set([...entries, ...imports, ...expected])].filter((id) => !modules.has(id));
    if (ids.length === 0) {
      if (isWider) compiled.surroundings = surroundingsOf(root, stamps.keys(), started);
      return needs;
    }
    expected = [];
    for (const id of ids) stamp(id);
    for (const one of await compile(options, root, ids, graph)) {
      modules.set(one.id, one);
      for (const path of [...one.inputs, ...one.watched]) if (path !== one.id) stamp(path);
    }
  }
}
