import { basename, dirname, join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { withSlashes } from "../../paths/slashes.ts";
import { LIBRARY } from "../../protocol/library.ts";
import type { BuildOptions, Metafile, Outputs } from "../esbuild.ts";
import type { Module } from "./compile.ts";
import type { Found, Graph } from "./graph.ts";
import { type Linked, linkLibrary, linkProgram, type Part, partsOf, type SourceMapText } from "./link.ts";

/** An output's name and the modules that it needs, its entry point first. */
export interface Entry {
  readonly name: string;
  readonly modules: readonly Module[];
}

/** The file of the modules that did not change lately: a save rewrites only the programs, which have the others. */
export interface Library {
  /** What is in it, by id. */
  readonly parts: ReadonlyMap<string, Part>;
  readonly files: Outputs;
}

/** Code that changed since the library was made, in UTF-16 units, above which it is made anew. */
const CHANGED_MAX = 200_000;

/** The programs as esbuild returns outputs, and their library, which is made anew if `before` will not do. */
export function resultOf(
  entries: readonly Entry[],
  before: Library | undefined,
  graph: Graph,
  options: BuildOptions,
  root: string,
) {
  const all = [...new Set(entries.flatMap(({ modules }) => modules))];
  const isMain = ({ module }: Part) => entries.some(({ modules }) => modules[0] === module);
  const parts = partsOf(all);
  const common = parts.filter((part) => !isMain(part));
  const changed = before && common.filter((part) => isChanged(part, before));
  const isFresh = changed && sizeOf(changed) <= CHANGED_MAX;
  const library = isFresh ? before : libraryOf(common, options, root);
  const own = [...parts.filter(isMain), ...(isFresh ? changed : [])];
  const programs = entries.map((entry) => programOf(entry, own, options, root));
  const outputs = entries.map(({ modules }, index) => [
    withSlashes(relative(root, programs[index]?.[0]?.path ?? "")),
    {
      bytes: 0,
      inputs: {},
      imports: modules.flatMap(({ externals }) => externals),
      exports: [],
      entryPoint: modules[0]?.id ?? "",
    },
  ]);
  return {
    library,
    isUnlocated: all.some((one) => one.isUnlocated),
    warnings: all.flatMap(({ warnings }) => warnings),
    outputFiles: [...programs.flat(), ...library.files],
    metafile: { inputs: inputsOf(all, graph), outputs: Object.fromEntries(outputs) },
  };
}

/** The same code may be at other lines of the source. */
function isChanged({ module, code }: Part, library: Library): boolean {
  const before = library.parts.get(module.id);
  return before?.code !== code || !isDeepStrictEqual(before.module.map, module.map);
}

function sizeOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { code }) => sum + code.length, 0);
}

function inputsOf(modules: readonly Module[], graph: Graph): Metafile["inputs"] {
  const paths = modules.flatMap(({ inputs }) => inputs);
  return Object.fromEntries(
    paths.map((path) => [path, { bytes: 0, imports: [...(graph.get(path)?.values() ?? [])].map(importOf) }]),
  );
}

function importOf({ written, path, isExternal }: Found): Metafile["inputs"][string]["imports"][number] {
  return { path, original: written, external: isExternal, kind: "import-statement" };
}

function libraryOf(parts: readonly Part[], options: BuildOptions, root: string): Library {
  const files = filesOf(pathOf(LIBRARY, options, root), linkLibrary(parts, options.banner?.["js"] ?? ""), options);
  return { parts: new Map(parts.map((part) => [part.module.id, part])), files };
}

/** `parts`: what no library has. */
function programOf({ name, modules }: Entry, parts: readonly Part[], options: BuildOptions, root: string): Outputs {
  const path = pathOf(name, options, root);
  const library = withSlashes(relative(dirname(path), pathOf(LIBRARY, options, root)));
  const own = parts.filter(({ module }) => modules.includes(module));
  const { banner, footer } = options;
  const program = linkProgram(modules[0]?.id ?? "", own, `./${library}`, banner?.["js"] ?? "", footer?.["js"] ?? "");
  return filesOf(path, program, options);
}

function pathOf(name: string, { outdir = "", outExtension }: BuildOptions, root: string): string {
  return join(root, outdir, `${name}${outExtension?.[".js"] ?? ".js"}`);
}

function filesOf(path: string, { text, map: all }: Linked, options: BuildOptions): Outputs {
  if (!all) return [output(path, text)];
  const { sourcemap } = options;
  const map = mapText(all, dirname(path), options);
  if (sourcemap === "external") return [output(path, text), output(`${path}.map`, map)];
  const isInline = sourcemap === "inline" || sourcemap === "both";
  const url = isInline
    ? `data:application/json;base64,${Buffer.from(map).toString("base64")}`
    : encodeURI(`${basename(path)}.map`);
  const named = output(path, `${text}//# sourceMappingURL=${url}\n`);
  return sourcemap === "inline" ? [named] : [named, output(`${path}.map`, map)];
}

/** As esbuild writes it. */
function mapText({ sources, sourcesContent, mappings }: SourceMapText, folder: string, { sourceRoot }: BuildOptions) {
  const map = {
    version: 3,
    sources: sources.map((source) => withSlashes(relative(folder, source))),
    ...(sourceRoot === undefined ? {} : { sourceRoot }),
    ...(sourcesContent.length > 0 ? { sourcesContent } : {}),
    mappings,
    names: [],
  };
  return `${JSON.stringify(map, null, 2)}\n`;
}

function output(path: string, text: string): Outputs[number] {
  return { path, contents: Buffer.from(text) };
}
