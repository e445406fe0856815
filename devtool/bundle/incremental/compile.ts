import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { withSlashes } from "../../paths/slashes.ts";
import { readManifest } from "../addons/package.ts";
import { type BuildOptions, buildOnce, type Message, type Metafile } from "../esbuild.ts";
import { hasUnlocated } from "../located.ts";
import { idOf, MODULE } from "./graph.ts";
import { entryOf, importsLeft, type Resolved, WRAPPED } from "./imports-left.ts";
import { type Mappings, parseMappings } from "./mappings.ts";
import { type Names, namesIn } from "./names.ts";
import { watching } from "./watched.ts";

/** A source file, data or what a plugin makes, as a CommonJS module. */
export interface Module {
  /** Of a file its path relative to the project, posix; of anything else what esbuild's metafile has. */
  readonly id: string;
  /** What esbuild declares before it, such as __toESM: name → declaration. */
  readonly helpers: ReadonlyMap<string, string>;
  readonly code: string;
  /** Whether it is an ES module; data and CommonJS are not. */
  readonly isModule: boolean;
  /** Whether Node.js takes it for an ES module by its name or package.json: the default of CommonJS is then all that it exports. */
  readonly isNodes: boolean;
  /** Ids of modules. */
  readonly imports: readonly string[];
  /** Of what is not in the bundle, as esbuild's metafile lists them. */
  readonly externals: Metafile["outputs"][string]["imports"];
  /** Itself and what is in it: paths as in an id. */
  readonly inputs: readonly string[];
  /** What plugins read for these, likewise. */
  readonly watched: readonly string[];
  readonly names: Names;
  /** Whether it has a use of its place, such as __dirname, that it does not declare. */
  readonly isUnlocated: boolean;
  /** Of the code; undefined without source maps. */
  readonly map: SourceMap | undefined;
  readonly warnings: readonly Message[];
}

export interface SourceMap {
  /** Absolute. */
  readonly sources: readonly string[];
  readonly sourcesContent: readonly string[] | undefined;
  readonly mappings: Mappings;
}

/** Compiles modules, by id, each for itself: what it imports is left to be linked. @throws esbuild's BuildFailure */
export async function compile(options: BuildOptions, root: string, ids: readonly string[], resolved: Resolved) {
  const { banner: _, footer: __, outExtension: ___, plugins = [], ...rest } = options;
  const outdir = join(root, ".devtool-modules");
  const watched = new Map<string, readonly string[]>();
  const result = await buildOnce({
    ...rest,
    entryPoints: ids.map((id, index) => ({ in: entryOf(id, root, resolved.origins), out: `${index}` })),
    outdir,
    format: "cjs",
    sourcemap: rest.sourcemap ? "external" : false,
    plugins: [importsLeft(root, rest.loader, resolved), ...plugins.map((plugin) => watching(plugin, watched))],
  });
  const texts = new Map(result.outputFiles.map((file) => [file.path, file]));
  return ids.map((id, index): Module => {
    const path = join(outdir, `${index}.js`);
    const { imports = [], inputs = {} } = result.metafile.outputs[withSlashes(relative(root, path))] ?? {};
    const { head, helpers, code } = partsOf(texts.get(path)?.text ?? "");
    const map = texts.get(`${path}.map`)?.text;
    const all = [...new Set([id, ...Object.keys(inputs).filter((input) => !input.startsWith(WRAPPED))])];
    const isModule = result.metafile.inputs[id]?.format === "esm";
    return {
      id,
      helpers,
      code,
      isModule,
      isNodes: isNodes(join(root, id)),
      imports: imports.filter(isLeft).map(({ path: name }) => idOf(name.slice(MODULE.length))),
      externals: imports.filter((one) => !isLeft(one)),
      inputs: all,
      watched: all
        .flatMap((path) => watched.get(join(root, path)) ?? [])
        .map((file) => withSlashes(relative(root, file))),
      names: namesIn(code, isModule, /\.[cm]?tsx?$/.test(id)),
      isUnlocated: hasUnlocated(Buffer.from(code)),
      map: map === undefined ? undefined : mapOf(map, head, outdir),
      warnings: result.warnings.filter(({ location }) => location && (location.file === id || location.file in inputs)),
    };
  });
}

function isNodes(file: string): boolean {
  const [, kind] = /\.([cm])[jt]s$/.exec(file) ?? [];
  if (kind !== undefined) return kind === "m";
  let folder = dirname(file);
  while (folder !== dirname(folder) && !existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return readManifest(folder).type === "module";
}

function isLeft({ path }: { readonly path: string }): boolean {
  return path.startsWith(MODULE);
}

/** Of what comes after `head`, which it maps nothing of. */
function mapOf(text: string, head: string, outdir: string): SourceMap {
  const { sources, sourcesContent, mappings } = JSON.parse(text) as {
    readonly sources: readonly string[];
    readonly sourcesContent?: readonly string[];
    readonly mappings: string;
  };
  return {
    sources: sources.map((source) => withSlashes(join(outdir, source))),
    sourcesContent,
    mappings: parseMappings(mappings.slice(head.split("\n").length - 1)),
  };
}

const HEAD = /^(?:#!.*\n)?(?:"use strict";\n)?((?:var __[\s\S]*?\n)?)(?=\n?\/\/ |$)/;
/** For Node.js's look at the names of a CommonJS file. */
const ANNOTATION =
  /\n\/\/ Annotate the CommonJS export names for ESM import in node:\n0 && \(module\.exports = \{[^}]*\}\);\s*$/;

/** esbuild writes helpers, a comment with the path, and the module's code. */
function partsOf(text: string) {
  const [head = "", helpers = ""] = HEAD.exec(text) ?? [];
  const all = helpers.split(/^(?=var )/m).filter((declaration) => declaration !== "");
  const strict = /^"use strict";$/m.test(head) ? '"use strict";' : "";
  return {
    head,
    helpers: new Map(all.map((declaration) => [declaration.slice(4, declaration.indexOf(" =")), declaration])),
    code: strict + text.slice(head.length).replace(ANNOTATION, "\n"),
  };
}
