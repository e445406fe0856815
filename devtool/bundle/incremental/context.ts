import { existsSync, realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { withSlashes } from "../../paths/slashes.ts";
import { type BuildContext, type BuildOptions, newContext } from "../esbuild.ts";
import { compile, type Module } from "./compile.ts";
import { type Graph, graphOf, modulesIn } from "./graph.ts";
import { DISABLED, type Origins } from "./imports-left.ts";
import { needed } from "./link.ts";
import { checkExports } from "./missing.ts";
import { type Library, resultOf } from "./outputs.ts";
import { stampOf, surroundingsOf } from "./stamps.ts";
import { Unfit } from "./unfit.ts";

/** What is known of the source files and compiled already. */
interface Compiled {
  readonly graph: Graph;
  readonly origins: Origins;
  readonly modules: Map<string, Module>;
  /** Of each file that the modules were made of, by its path as in an id. */
  readonly stamps: Map<string, string>;
  /** Of these files. */
  surroundings: string;
}

type Rebuilt = Pick<ReturnType<typeof resultOf>, "outputFiles" | "metafile" | "warnings"> & {
  readonly isUnlocated?: boolean;
};

export interface IncrementalContext {
  rebuild(): Promise<Rebuilt>;
  cancel(): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * As esbuild's context, but a rebuild compiles only the files that changed, however many the program has, where that comes to the
 * same. `entryPoints` of the options are output → source; `apart` is where their plugins collect the packages that stay out of the
 * bundle.
 */
export function newIncrementalContext<T>(
  options: BuildOptions,
  root: string,
  apart: Map<string, T>,
): IncrementalContext {
  const compiled: Compiled = {
    graph: new Map(),
    origins: new Map(),
    modules: new Map(),
    stamps: new Map(),
    surroundings: "",
  };
  const everApart = new Map<string, T>();
  let library: Library | undefined;
  let whole: BuildContext | undefined;
  const rebuild = async () => {
    const started = Date.now();
    const entries = entriesOf(options, root);
    await lookAgain(compiled, options, root);
    const needs = await compileMissing(compiled, options, root, Object.values(entries), started);
    for (const [name, one] of apart) everApart.set(name, one);
    for (const [name, one] of everApart) apart.set(name, one);
    const programs = Object.keys(entries).map((name, index) => ({ name, modules: needs[index] ?? [] }));
    const all = [...new Set(programs.flatMap(({ modules }) => modules))];
    checkCopies(all);
    checkExports(all, root);
    const result = resultOf(programs, library, compiled.graph, options, root);
    library = result.library;
    return result;
  };
  const rebuildWhole = async ({ message }: Unfit) => {
    whole ??= await newContext(options);
    const result = (await whole.rebuild()) as Rebuilt;
    const text = `bundle.incremental has no effect, since ${message}`;
    const warning = { id: "", pluginName: "", text, location: null, notes: [], detail: undefined };
    return { ...result, warnings: [...result.warnings, warning] };
  };
  return {
    rebuild: async () =>
      await rebuild().catch(async (error: unknown) => {
        const unfit = unfitOf(error);
        if (!unfit) throw error;
        return await rebuildWhole(unfit);
      }),
    cancel: async () => await whole?.cancel(),
    dispose: async () => await whole?.dispose(),
  };
}

/** esbuild reports what a plugin throws as a failure of the build. */
function unfitOf(error: unknown): Unfit | undefined {
  if (error instanceof Unfit) return error;
  const { errors = [] } = error as { readonly errors?: readonly { readonly detail?: unknown }[] };
  return errors.map(({ detail }) => detail).find((detail) => detail instanceof Unfit);
}

/** What esbuild puts into each module that needs it, as the files of an import() of a pattern. @throws Unfit */
function checkCopies(modules: readonly Module[]): void {
  const holders = new Map<string, string>();
  for (const { id, inputs } of modules)
    for (const input of inputs) {
      const other = holders.get(input);
      if (other !== undefined && other !== id && !input.startsWith(DISABLED))
        throw new Unfit(`${input} is in two modules, ${other} and ${id}`);
      holders.set(input, id);
    }
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
  const { graph, origins, modules, stamps } = compiled;
  if (surroundingsOf(root, stamps.keys()) !== compiled.surroundings || modules.size === 0) {
    for (const known of [graph, origins, modules, stamps]) known.clear();
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
    for (const one of await compile(options, root, ids, compiled)) {
      modules.set(one.id, one);
      for (const path of [...one.inputs, ...one.watched]) if (path !== one.id) stamp(path);
    }
  }
}
