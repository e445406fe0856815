import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Message } from "../esbuild.ts";
import type { Module } from "./compile.ts";
import { idOf, MODULE } from "./graph.ts";

/**
 * Finds what modules import and others do not export: esbuild sees each module alone.
 * @throws esbuild's BuildFailure
 */
export function checkExports(modules: readonly Module[], root: string): void {
  const errors = missingIn(modules).map(({ importer, id, name }) => message(root, importer, id, name));
  if (errors.length > 0) throw Object.assign(new Error(errors[0]?.text), { errors, warnings: [] });
}

function missingIn(modules: readonly Module[]) {
  const byId = new Map(modules.map((one) => [one.id, one]));
  const known = new Map<Module, ReadonlySet<string> | undefined>();
  return modules.flatMap(({ id: importer, names: { reads } }) =>
    [...reads].flatMap(([id, names]) => {
      const target = byId.get(id);
      if (target && !known.has(target)) known.set(target, exportsOf(target, byId, []));
      const exported = target && known.get(target);
      const missing = exported ? [...names].filter((name) => !exported.has(name)) : [];
      return missing.map((name) => ({ importer, id, name }));
    }),
  );
}

/** `above`: what already exports all of it, where modules do that in a circle. */
function exportsOf(
  one: Module,
  byId: ReadonlyMap<string, Module>,
  above: readonly Module[],
): ReadonlySet<string> | undefined {
  const { exports, exportsAllOf } = one.names;
  if (!exports || exportsAllOf.length === 0 || above.includes(one)) return exports;
  const all = new Set(exports);
  for (const name of exportsAllOf) {
    const target = name.startsWith(MODULE) ? byId.get(idOf(name.slice(MODULE.length))) : undefined;
    const exported = target && exportsOf(target, byId, [...above, one]);
    if (!exported) return undefined;
    for (const each of exported) if (each !== "default") all.add(each);
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
