import { basename, dirname, join, relative } from "node:path";
import type { BuildOptions, Metafile, Outputs } from "../esbuild.ts";
import type { Module } from "./compile.ts";
import { type Found, type Graph, posix } from "./graph.ts";
import { link, type SourceMapText } from "./link.ts";

/** An output's name and the modules that it needs, its entry point first. */
interface Entry {
  readonly name: string;
  readonly modules: readonly Module[];
}

/** The programs as esbuild returns outputs. */
export function resultOf(programs: readonly Entry[], graph: Graph, options: BuildOptions, root: string) {
  const all = [...new Set(programs.flatMap(({ modules }) => modules))];
  const files = programs.map((program) => outputsOf(program, options, root));
  const outputs = programs.map(({ modules }, index) => {
    const [output] = files[index] ?? [];
    const imports = modules.flatMap(({ externals }) => externals);
    const facts = {
      bytes: output?.contents.length ?? 0,
      inputs: {},
      imports,
      exports: [],
      entryPoint: modules[0]?.id ?? "",
    };
    return [posix(relative(root, output?.path ?? "")), facts];
  });
  return {
    warnings: all.flatMap(({ warnings }) => warnings),
    outputFiles: files.flat(),
    metafile: { inputs: inputsOf(all, graph), outputs: Object.fromEntries(outputs) },
  };
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

function outputsOf({ name, modules }: Entry, options: BuildOptions, root: string): Outputs {
  const { outdir = "", outExtension, banner, footer, sourcemap } = options;
  const path = join(root, outdir, `${name}${outExtension?.[".js"] ?? ".js"}`);
  const { text, map: all } = link(modules, banner?.["js"] ?? "", footer?.["js"] ?? "");
  if (!all) return [output(path, text)];
  const map = mapText(all, dirname(path), options);
  if (sourcemap === "external") return [output(path, text), output(`${path}.map`, map)];
  const isInline = sourcemap === "inline" || sourcemap === "both";
  const url = isInline
    ? `data:application/json;base64,${Buffer.from(map).toString("base64")}`
    : encodeURI(`${basename(path)}.map`);
  const linked = output(path, `${text}//# sourceMappingURL=${url}\n`);
  return sourcemap === "inline" ? [linked] : [linked, output(`${path}.map`, map)];
}

/** As esbuild writes it. */
function mapText({ sources, sourcesContent, mappings }: SourceMapText, folder: string, { sourceRoot }: BuildOptions) {
  const map = {
    version: 3,
    sources: sources.map((source) => posix(relative(folder, source))),
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
