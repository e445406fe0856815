import { RUNS_NOTHING } from "../../protocol/library.ts";
import type { Module, SourceMap } from "./compile.ts";
import { idOf, MODULE } from "./graph.ts";
import { joinMappings } from "./mappings.ts";

/** JavaScript, as CommonJS. */
export interface Linked {
  readonly text: string;
  readonly map: SourceMapText | undefined;
}

export interface SourceMapText {
  /** Absolute. */
  readonly sources: readonly string[];
  readonly sourcesContent: readonly string[];
  readonly mappings: string;
}

/** The modules that `entry` needs, itself first. */
export function needed(entry: string, modules: ReadonlyMap<string, Module>): Module[] {
  const found = new Map<string, Module>();
  const queue = [entry];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    const one = modules.get(id);
    if (!one || found.has(id)) continue;
    found.set(id, one);
    queue.push(...one.imports);
  }
  return [...found.values()];
}

/** What of a module is the same in whichever file it is. */
export interface Part {
  readonly module: Module;
  readonly code: string;
}

export function partsOf(modules: readonly Module[]): Part[] {
  const areModules = new Set(modules.filter(({ isModule }) => isModule).map(({ id }) => id));
  return modules.map((module) => ({ module, code: linked(module, areModules) }));
}

/** Modules for other files. */
export function linkLibrary(parts: readonly Part[], banner: string): Linked {
  const { head, table, map } = tableOf(parts, banner === "" ? RUNS_NOTHING : `${banner}\n`, "module.exports = ");
  return { text: `${head}${table}`, map };
}

/**
 * A program that begins with `entry`, of these modules and those in `library`, a file. Each module is a function, called when it
 * is first imported, as by require() in Node.js.
 */
export function linkProgram(
  entry: string,
  parts: readonly Part[],
  library: string,
  banner: string,
  footer: string,
): Linked {
  const { head, table, map } = tableOf(parts, `${banner}\n`, "const devtoolChanged = ");
  const modules = `const devtoolModules = { ...require(${JSON.stringify(library)}), ...devtoolChanged };\n`;
  return {
    text: `${head}${table}${modules}${LOADER}devtoolLoad(${JSON.stringify(encodeURI(entry))}, module);\n${footer}`,
    map,
  };
}

/** An object of modules by their ids, and what has to come before it. */
function tableOf(parts: readonly Part[], banner: string, declaration: string) {
  const { shared, own } = helpersOf(parts.map(({ module }) => module));
  const head = `${banner}${shared}${declaration}{\n`;
  const members = parts.map(({ module, code }) => {
    const before = `${JSON.stringify(encodeURI(module.id))}: function (${PARAMETERS}) {${own.get(module) ?? ""}`;
    return { before, code, map: module.map };
  });
  const table = `${members.map(({ before, code }) => `${before}${code}},\n`).join("")}};\n`;
  return { head, table, map: mapOf(members, linesIn(head)) };
}

interface Member {
  readonly before: string;
  readonly code: string;
  readonly map: SourceMap | undefined;
}

function mapOf(members: readonly Member[], first: number): SourceMapText | undefined {
  if (members.every(({ map }) => !map)) return undefined;
  const sources: string[] = [];
  const sourcesContent: string[] = [];
  let line = first;
  const placed = members.flatMap(({ before, code, map }) => {
    const lines = line + linesIn(before);
    line = lines + linesIn(code) + 1;
    if (!map) return [];
    const one = { lines, sources: sources.length, mappings: map.mappings };
    sources.push(...map.sources);
    sourcesContent.push(...(map.sourcesContent ?? []));
    return [one];
  });
  return { sources, sourcesContent, mappings: joinMappings(placed) };
}

/** Helpers by the names that they declare, once for all; those of a module that has another meaning for a name stay with it. */
function helpersOf(modules: readonly Module[]): { shared: string; own: Map<Module, string> } {
  const declared = new Map<string, string>();
  const own = new Map<Module, string>();
  for (const one of modules) {
    const isOther = [...one.helpers].some(([name, text]) => (declared.get(name) ?? text) !== text);
    if (isOther) own.set(one, [...one.helpers.values()].join(""));
    else for (const [name, text] of one.helpers) declared.set(name, text);
  }
  return { shared: [...declared.values()].join(""), own };
}

const INTEROP = new RegExp(`require\\("${MODULE}([^"]*)"\\), 1\\)`, "g");
/** With comments for other bundlers, which esbuild keeps. */
const DYNAMIC = new RegExp(`\\bimport\\(((?:\\s|/\\*[^]*?\\*/|//.*\n)*)"${MODULE}([^"]*)"(\\s*)\\)`, "g");
const texts = new WeakMap<Module, { readonly kinds: string; readonly text: string }>();

/** esbuild took each import for one of a CommonJS package, whose default is all of it. */
function linked(one: Module, areModules: ReadonlySet<string>): string {
  const kinds = one.imports.map((id) => (areModules.has(id) ? "m" : "c")).join("");
  const known = texts.get(one);
  if (known?.kinds === kinds) return known.text;
  const text = one.code
    .replace(INTEROP, (all, name: string) => (areModules.has(idOf(name)) ? `require("${MODULE}${name}"))` : all))
    .replace(
      DYNAMIC,
      (_, before: string, name: string, after: string) =>
        `devtoolImport(${before}"${MODULE}${name}", ${areModules.has(idOf(name))}, ${one.isNodes}${after})`,
    );
  texts.set(one, { kinds, text });
  return text;
}

function linesIn(text: string): number {
  return text.split("\n").length - 1;
}

const PARAMETERS = "require, module, exports, __filename, __dirname, devtoolImport";

/** In a module, a name of Node.js's own or of a package beside the bundle is what it is outside. */
const LOADER = `const devtoolLoaded = { __proto__: null };
const devtoolLoad = (id, module = { exports: {} }) => {
  if (devtoolLoaded[id]) return devtoolLoaded[id].exports;
  devtoolLoaded[id] = module;
  const { exports } = module;
  try {
    devtoolModules[id].call(exports, devtoolRequire, module, exports, __filename, __dirname, devtoolImport);
  } catch (error) {
    delete devtoolLoaded[id];
    throw error;
  }
  return module.exports;
};
const devtoolRequire = Object.assign((name) => {
  return typeof name === "string" && name.startsWith("${MODULE}") ? devtoolLoad(name.slice(${MODULE.length})) : require(name);
}, require);
const devtoolImport = async (name, isModule, isNodes) => {
  await undefined;
  const exports = devtoolRequire(name);
  return isModule || (!isNodes && exports?.__esModule) ? exports : { ...exports, default: exports };
};
`;
