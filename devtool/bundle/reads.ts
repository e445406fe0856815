import { join, posix } from "node:path";
import { statsAt } from "../paths/stats.ts";

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

/** One that is written in a source, whether anything is there or not. */
export type WrittenPath = Omit<Read, "isFolder">;

/** Of the paths that are written, those of what is there, each once. */
export function readsOf(root: string, written: readonly WrittenPath[]): Read[] {
  const first = new Map(written.toReversed().map((one) => [one.path, one]));
  return written.flatMap((one) => {
    const stat = first.get(one.path) === one ? statsAt(join(root, one.path)) : undefined;
    return stat ? [{ ...one, isFolder: stat.isDirectory() }] : [];
  });
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

/** Those that a source reads, but no code, which is bundled. */
export function pathsOf(text: string, file: string): WrittenPath[] {
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

export function placeOf(text: string, at: number): Pick<Read, "line" | "column"> {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
