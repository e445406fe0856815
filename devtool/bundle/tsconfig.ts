import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import type { ProjectBundle } from "../config/project.ts";
import { withAncestors } from "../paths/ancestors.ts";
import { withSlashes } from "../paths/slashes.ts";
import type { Diagnostic } from "../report/diagnostic.ts";
import type { Outputs } from "./esbuild.ts";

const EXTENDS = /"extends"\s*:\s*(?:"[^"]*"|\[[^\]]*\])/;

/** The file, and those that it extends as a tsconfig.json does, other than packages. */
export function extended(file: string, below: readonly string[] = []): string[] {
  if (!existsSync(file) || below.includes(file)) return [file];
  const [, ...names] = EXTENDS.exec(readFileSync(file, "utf8"))?.[0].match(/"[^"]*"/g) ?? [];
  const paths = names
    .map((name) => resolve(dirname(file), name.slice(1, -1)))
    .map((path) => (path.endsWith(".json") ? path : `${path}.json`));
  return [file, ...paths.flatMap((path) => extended(path, [...below, file]))];
}

/** What esbuild calls where a class has decorators as TypeScript had them first. */
const DECORATED = "__decorateClass";
/** Not where a comment has it, as in what `tsc --init` writes. */
const METADATA = /(?:^|[{,])[ \t]*"emitDecoratorMetadata"\s*:\s*(true|false)/m;

/** Of decorators whose metadata tsconfig.json asks for, which esbuild leaves out without a word. */
export function metadataWarnings(root: string, { options }: ProjectBundle, outputs: Outputs): Diagnostic[] {
  const place = options.plugins?.length ? undefined : asksForMetadata(root, options.tsconfig);
  if (place === undefined || !outputs.some(isDecorated)) return [];
  const text =
    "esbuild writes no metadata of decorators, by which NestJS, TypeORM and others know types: compile these files by one of bundle.plugins, such as the one with @swc/core in devtool's docs/devtool.md";
  return [{ ...place, severity: "warning", text }];
}

function isDecorated({ contents }: Outputs[number]): boolean {
  return Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength).includes(DECORATED);
}

/** Where it does: the file that extends others decides. */
function asksForMetadata(root: string, tsconfig?: string): Pick<Diagnostic, "file" | "line" | "column"> | undefined {
  const candidates = withAncestors(root).map((folder) => join(folder, "tsconfig.json"));
  const file = tsconfig === undefined ? candidates.find((path) => existsSync(path)) : resolve(root, tsconfig);
  for (const path of file === undefined ? [] : extended(file).filter((name) => existsSync(name))) {
    const text = readFileSync(path, "utf8");
    const found = METADATA.exec(text);
    if (found?.[1] === "false") return undefined;
    if (!found) continue;
    const lines = text.slice(0, found.index + found[0].indexOf('"') + 1).split("\n");
    return { file: withSlashes(relative(root, path)), line: lines.length, column: lines.at(-1)?.length ?? 0 };
  }
  return undefined;
}
