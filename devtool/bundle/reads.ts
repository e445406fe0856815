import { type Stats, statSync } from "node:fs";
import { join, posix } from "node:path";
import { perVersion } from "./per-version.ts";

/** Where a source spells out the path of a file or folder that is there, as it does to read it. */
export interface Read {
  /** The source, and what it reads: relative to the project, posix. */
  readonly file: string;
  readonly path: string;
  readonly isFolder: boolean;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** What these sources, relative to the project, read of it, each once; no code, which is bundled. */
export type FindReads = (sources: readonly string[]) => Read[];

export function createFindReads(root: string): FindReads {
  const pathsIn = perVersion(root, pathsOf);
  return (sources) => {
    const reads = sources.flatMap(pathsIn);
    const first = new Map(reads.toReversed().map((read) => [read.path, read]));
    return reads.flatMap((read) => {
      const stat = first.get(read.path) === read ? statOf(join(root, read.path)) : undefined;
      return stat ? [{ ...read, isFolder: stat.isDirectory() }] : [];
    });
  };
}

const TEXT = String.raw`(?:"[^"\\\n]+"|'[^'\\\n]+')`;
const RELATIVE = `((?!["']/)${TEXT})`;
const HERE = String.raw`(?:\b__dirname\b|\bimport\.meta\.dirname\b)`;

/** The texts of each are joined, from the source's folder or from the project's, where the program is started. */
const FORMS = [
  { start: "source", form: new RegExp(String.raw`\bnew URL\(\s*${RELATIVE}\s*,\s*import\.meta\.url\s*\)`, "dg") },
  { start: "source", form: new RegExp(String.raw`${HERE}((?:\s*,\s*${TEXT})+)`, "dg") },
  { start: "source", form: new RegExp(String.raw`${HERE}\s*\+\s*(${TEXT})`, "dg") },
  { start: "source", form: new RegExp(String.raw`\$\{${HERE}\}(/[^\x60$\\\n]+)`, "dg") },
  {
    start: "project",
    form: new RegExp(String.raw`\b(?:readFile|createReadStream|readdir)(?:Sync)?\(\s*${RELATIVE}`, "dg"),
  },
] as const;

/** What a require() of the source's own finds; esbuild bundles what its own one does. */
function required(text: string): readonly (typeof FORMS)[number][] {
  const names = [...text.matchAll(/\b(\w+)\s*=\s*createRequire\(/g)].map(([, name]) => name);
  return names.map((name) => ({
    start: "source",
    form: new RegExp(String.raw`\b${name}\(\s*((?=["']\.)${TEXT})`, "dg"),
  }));
}

const CODE = /\.[cm]?[jt]sx?$/;

function pathsOf(text: string, file: string): Omit<Read, "isFolder">[] {
  const found = [...FORMS, ...required(text)].flatMap(({ start, form }) =>
    [...text.matchAll(form)].map(({ 1: texts = "", indices }) => {
      const parts = texts.startsWith("/")
        ? [texts]
        : texts.match(new RegExp(TEXT, "g"))?.map((part) => part.slice(1, -1));
      const path = posix.join(start === "source" ? posix.dirname(file) : ".", ...(parts ?? [])).replace(/\/$/, "");
      return { path, at: indices?.[1]?.[0] ?? 0 };
    }),
  );
  const isOther = (path: string) => !(/^\.\.?(?:\/|$)/.test(path) || file.startsWith(`${path}/`) || CODE.test(path));
  const others = found.filter(({ path }) => isOther(path)).sort((a, b) => a.at - b.at);
  return others.map(({ path, at }) => ({ file, path, ...placeOf(text, at) }));
}

function placeOf(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** undefined where nothing is, or nothing may be read. */
function statOf(file: string): Stats | undefined {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}
