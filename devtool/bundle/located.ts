import { readFile } from "node:fs/promises";
import { extname, relative } from "node:path";
import { withSlashes } from "../paths/slashes.ts";
import { afterLoad, type Loader, type Plugin, transformText } from "./esbuild.ts";

/*
 * In a bundle, import.meta, __dirname and require.resolve() would be those of the output. Here they are the source file's: of the one in the mirror,
 * so that what lies beside it is found. Each use becomes one of these names; a file that has a use declares them, with
 * its own path. esbuild binds the use to the declaration; a name that is left without one betrays a file that was not known to
 * have a use. So only files that have one cost a callback.
 */
export const META = "devtoolMeta";
export const DIRNAME = "devtoolDirname";
export const FILENAME = "devtoolFilename";
export const RESOLVE = "devtoolResolve";
const NAMES = { "import.meta": META, __dirname: DIRNAME, __filename: FILENAME, "require.resolve": RESOLVE };
/** Declared by the banner: a function of the source's path. */
export const LOCATE = "devtoolLocate";

/** For esbuild's `define`. */
export const LOCATIONS: Readonly<Record<string, string>> = NAMES;

/** Whether what esbuild linked has a use in a file that does not declare the names. */
export function hasUnlocated(contents: Uint8Array): boolean {
  const bytes = Buffer.from(contents.buffer, contents.byteOffset, contents.byteLength);
  return Object.values(NAMES).some((name) => isUnbound(bytes, name));
}

const PART_OF_NAME = /[\w$]/;
const DECLARED = /^ ?=[^=]/;

/** esbuild gives a name that nothing declares to no declaration: these get a number. */
function isUnbound(bytes: Buffer, name: string): boolean {
  let isUsed = false;
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + name.length)) {
    const end = at + name.length;
    const around = [bytes[at - 1] ?? 0, bytes[end] ?? 0].map((code) => String.fromCharCode(code));
    if (around.some((character) => PART_OF_NAME.test(character))) continue;
    if (DECLARED.test(bytes.toString("latin1", end, end + 3))) return false;
    isUsed = true;
  }
  return isUsed;
}

const USE = /\bimport\s*\.\s*meta\b|\b__dirname\b|\b__filename\b|\brequire\s*\.\s*resolve\b/;

/** Which of the names a source uses; a use in a comment, a string or a scope of its own is none. */
export async function usesOf(text: string, loader: Loader): Promise<string[]> {
  if (!USE.test(text)) return [];
  const code = await transformText(text, { loader, define: { ...LOCATIONS }, legalComments: "none", jsx: "preserve" });
  return Object.values(NAMES).filter((name) => new RegExp(`(?<![\\w$"'])${name}(?![\\w$])`).test(code ?? name));
}

/** Suffix → loader; undefined: esbuild's own. */
export type Loaders = Readonly<Record<string, string>> | undefined;

const LOADERS: Readonly<Record<string, Loader>> = {
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
};

/** The loader of a source file by its name; undefined for data. */
export function loaderOf(file: string, loaders: Loaders): Loader | undefined {
  const loader = loaders?.[extname(file)] ?? LOADERS[extname(file)];
  return loader !== undefined && ["js", "jsx", "ts", "tsx"].includes(loader) ? (loader as Loader) : undefined;
}

/** Lets the files of `located`, absolute paths, declare the names. */
export function locatedSources(root: string, located: ReadonlySet<string>, loaders: Loaders): Plugin {
  return {
    name: "located-sources",
    setup: (build) => {
      if (located.size === 0) return;
      build.onLoad({ filter: oneOf([...located]) }, async ({ path }) => {
        const loader = loaderOf(path, loaders);
        if (loader === undefined) return undefined;
        return { contents: declare(await readFile(path, "utf8"), root, path), loader };
      });
    },
  };
}

/** A project's plugin, whose own results for the files of `located` declare the names too. */
export function locating(plugin: Plugin, root: string, located: ReadonlySet<string>): Plugin {
  return afterLoad(plugin, (path, result) => {
    if (result?.contents === undefined || !located.has(path)) return result;
    const text = typeof result.contents === "string" ? result.contents : Buffer.from(result.contents).toString();
    return { ...result, contents: declare(text, root, path) };
  });
}

function oneOf(files: readonly string[]): RegExp {
  return new RegExp(`^(${files.map((file) => file.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})$`);
}

const HEAD = /^(?:\ufeff?#![^\n]*\n)?(?:(?:\s|\/\/[^\n]*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*(?:"use strict"|'use strict'))?/;

/** Relative, in the form that `new URL` takes. */
export function asUrl(path: string): string {
  return encodeURI(`./${path}`).replace(/[?#]/g, encodeURIComponent);
}

/** On the first line of code, so that all lines stay what they are. */
function declare(text: string, root: string, file: string): string {
  const path = JSON.stringify(asUrl(withSlashes(relative(root, file))));
  const pure = "/* @__PURE__ */ ";
  const names = [
    `${META} = ${pure}${LOCATE}(${path})`,
    `${DIRNAME} = ${pure}${LOCATE}(${path}, "dirname")`,
    `${FILENAME} = ${pure}${LOCATE}(${path}, "filename")`,
    `${RESOLVE} = ${pure}${LOCATE}(${path}, "resolvePath")`,
  ];
  const head = HEAD.exec(text)?.[0] ?? "";
  return `${head};var ${names.join(", ")};${text.slice(head.length)}`;
}
