import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { packageName } from "./package.ts";

/**
 * What an installed package loads and no package.json names, since a generator puts it beside the packages: Prisma's
 * .prisma/client, which @prisma/client loads. `generatedIn`: see findGenerated().
 */
export function undeclared(directory: string, generatedIn: (modules: string) => readonly string[]): string[] {
  const marker = `${sep}node_modules${sep}`;
  const at = directory.lastIndexOf(marker);
  if (at < 0) return [];
  const generated = generatedIn(directory.slice(0, at + marker.length - 1));
  if (generated.length === 0) return [];
  const loaded = loadedBy(directory);
  return directory.startsWith(".", at + marker.length) ? loaded : generated.filter((name) => loaded.includes(name));
}

/** The packages in a node_modules whose names begin with a dot; each folder is read once. */
export function findGenerated(): (modules: string) => readonly string[] {
  const known = new Map<string, readonly string[]>();
  return (modules) => {
    const found = known.get(modules) ?? packagesIn(modules);
    known.set(modules, found);
    return found;
  };
}

function packagesIn(modules: string): string[] {
  return namesIn(modules)
    .filter((name) => name.startsWith("."))
    .flatMap((scope) => namesIn(join(modules, scope)).map((name) => `${scope}/${name}`))
    .filter((name) => existsSync(join(modules, name, "package.json")));
}

const LOADED = /\b(?:require\(|import\(|from|import)\s*["']([^"'/][^"']*)["']/g;

/** The packages that the modules in a package's own folder load. */
function loadedBy(directory: string): string[] {
  const modules = namesIn(directory).filter((name) => /\.[cm]?js$/.test(name));
  const texts = modules.map((name) => readFileSync(join(directory, name), "utf8"));
  const specifiers = texts.flatMap((text) => [...text.matchAll(LOADED)].map(([, specifier = ""]) => specifier));
  return [...new Set(specifiers.filter((name) => !/^(\.\.?($|\/)|node:|#)/.test(name)).map(packageName))];
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there, or no folder
  }
}
