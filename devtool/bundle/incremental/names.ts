import { idOf, MODULE } from "./graph.ts";

/** The names of exports that a compiled module has and reads. */
export interface Names {
  /** Undefined where only the program shows them, as of CommonJS. */
  readonly exports: ReadonlySet<string> | undefined;
  /** All the exports of these are its own too: as the code imports them. */
  readonly exportsAllOf: readonly string[];
  /** Module → what it reads of it. A name that is only exported again may in TypeScript be a type's, and is not here. */
  readonly reads: ReadonlyMap<string, ReadonlySet<string>>;
}

/** From the code that esbuild writes for CommonJS. */
export function namesIn(code: string, isModule: boolean, isTyped: boolean): Names {
  return {
    exports: isModule ? exportsIn(code) : undefined,
    exportsAllOf: [...code.matchAll(EXPORT_ALL)].map(([, name = ""]) => name),
    reads: isModule ? readsIn(code, isTyped) : new Map(),
  };
}

const EXPORTS = /^__export\d*\(\w+, \{\n([\s\S]*?)\n\}\);$/m;
/** Indented in what is compiled when it is first asked for, as what a plugin makes. */
const EXPORT_ALL = /^ *__reExport\d*\(\w+, (?:__toESM\d*\()?require\("([^"]*)"\)/gm;
const EXPORT = /^ {2}([\w$]+): \(\) =>/;

function exportsIn(code: string): Set<string> | undefined {
  const lines = EXPORTS.exec(code)?.[1]?.split("\n") ?? [];
  const names = lines.map((line) => EXPORT.exec(line)?.[1]);
  return names.includes(undefined) ? undefined : new Set(names as string[]);
}

const IMPORT = new RegExp(`^ *var (import_[\\w$]+) = (?:__toESM\\d*\\()?require\\("${MODULE}([^"]*)"\\)`, "gm");
const READ = /(: \(\) => )?\b(import_[\w$]+)\.([\w$]+)/g;

function readsIn(code: string, isTyped: boolean): Map<string, Set<string>> {
  const variables = new Map([...code.matchAll(IMPORT)].map(([, variable = "", id = ""]) => [variable, idOf(id)]));
  const reads = new Map<string, Set<string>>();
  for (const [, again, variable = "", name = ""] of code.matchAll(READ)) {
    const id = variables.get(variable);
    if (id !== undefined && !(isTyped && again)) reads.set(id, (reads.get(id) ?? new Set()).add(name));
  }
  return reads;
}
