import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Message } from "../esbuild.ts";
import type { Module } from "./compile.ts";
import { idOf, MODULE } from "./graph.ts";
import { Unfit } from "./unfit.ts";

/** The names that a module exports → the module that declares each, as far as it is known. */
type Exports = ReadonlyMap<string, string>;

/**
 * Finds what modules import and others do not export: esbuild sees each module alone.
 * @throws esbuild's BuildFailure, and Unfit where a name is two modules'
 */
export function checkExports(modules: readonly Module[], root: string): void {
  const errors = missingIn(modules).map(({ importer, id, name }) => message(root, importer, id, name));
  if (errors.length > 0) throw Object.assign(new Error(errors[0]?.text), { errors, warnings: [] });
}

function missingIn(modules: readonly Module[]) {
  const byId = new Map(modules.map((one) => [one.id, one]));
  const known = new Map<Module, Exports | undefined>();
  const all = (one: Module) => {
    if (!known.has(one)) known.set(one, exportsOf(one, byId, []));
    return known.get(one);
  };
  for (const one of modules) if (one.names.exportsAllOf.length > 1) all(one);
  return modules.flatMap(({ id: importer, names: { reads } }) =>
    [...reads].flatMap(([id, names]) => {
      const target = byId.get(id);
      const exported = target && all(target);
      const missing = exported ? [...names].filter((name) => !exported.has(name)) : [];
      return missing.map((name) => ({ importer, id, name }));
    }),
  );
}

/** `above`: what already exports all of it, where modules do that in a circle. */
function exportsOf(one: Module, byId: ReadonlyMap<string, Module>, above: readonly Module[]): Exports | undefined {
  const { exports, exportsAllOf } = one.names;
  if (!exports) return undefined;
  const all = new Map([...exports].map((name) => [name, one.id]));
  if (above.includes(one)) return all;
  for (const name of exportsAllOf) {
    const target = name.startsWith(MODULE) ? byId.get(idOf(name.slice(MODULE.length))) : undefined;
    const exported = target && exportsOf(target, byId, [...above, one]);
    if (!exported) return undefined;
    for (const [each, declaredBy] of exported) {
      if (each === "default" || exports.has(each)) continue;
      // Which of them an import means, or that it means none, is for esbuild to say.
      if ((all.get(each) ?? declaredBy) !== declaredBy)
        throw new Unfit(`${one.id} exports ${each} of two modules by export *`);
      all.set(each, declaredBy);
    }
  }
  return all;
}

function message(root: string, importer: string, id: string, name: string): Message {
  const text = `No matching export in "${id}" for import "${name}"`;
  return { id: "", pluginName: "", text, location: placeOf(root, importer, name), notes: [], detail: undefined };
}

/** Where the importer first mentions the name. */
function placeOf(root: string, file: string, name: string): Message["location"] {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const word = new RegExp(`(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`);
  const found = lines.findIndex((line) => word.test(line));
  const lineText = lines[found] ?? "";
  const column = Buffer.byteLength(lineText.slice(0, Math.max(0, lineText.search(word))));
  return {
    file,
    namespace: "file",
    line: Math.max(1, found + 1),
    column,
    length: name.length,
    lineText,
    suggestion: "",
  };
}
