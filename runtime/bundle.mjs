// Bundles the program into files that launch.cjs loads.
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { build, transform } from "esbuild";
import { compileAhead, escaped } from "../compile-ahead.mjs";
import { ENTRIES, filesOf, idApart, idOf, isApart, isCompiled } from "./bundle-files.mjs";

/** `shared`: options of esbuild. */
export async function bundleProgram(outdir, shared) {
  const { metafile, outputFiles } = await build({
    ...shared,
    entryPoints: ENTRIES,
    entryNames: "[name]",
    plugins: [
      { name: "apart", setup: keepApart },
      { name: "ahead", setup: computeAhead },
    ],
    external: ["koffi"],
    splitting: true,
    metafile: true,
    write: false,
    define: { "import.meta.filename": "bundledFile.path", "import.meta.url": "bundledFile.url" },
  });
  const modules = new Map(await Promise.all(outputFiles.map(moduleOf)));
  const files = filesOf(metafile.outputs);
  for (const [name, ids] of files) await writeScript(join(outdir, fileName(name)), ids, modules, isCompiled(name));
  const homes = Object.fromEntries(files.reverse().flatMap(([name, ids]) => ids.map((id) => [id, fileName(name)])));
  const [shell, loader] = await Promise.all(["launch.sh", "launch.cjs"].map((name) => read(name)));
  await writeFile(
    join(outdir, "tinydocker.cjs"),
    `${shell}const FILES = {__proto__:null,${JSON.stringify(homes).slice(1)};\n${loader}`,
  );
}

async function read(name) {
  return (await readFile(join(import.meta.dirname, name), "utf8")).replaceAll("\r\n", "\n");
}

function fileName(name) {
  return `tinydocker-${name}.cjs`;
}

/** As CommonJS, which Node.js starts 9 ms sooner than ES modules. */
async function moduleOf({ path, text }) {
  if (isApart(idOf(path))) checkFunctions(text, path);
  const { code } = await transform(withoutImports(text), {
    platform: "node",
    target: "node20.19",
    format: "cjs",
    // A script can't import.
    supported: { "dynamic-import": false },
  });
  return [idOf(path), code];
}

/**
 * In the form that esbuild writes, and no module here changes what it exports: a constant for each import, where esbuild's own
 * CommonJS would call a function for each use of one, which takes a tenth of a start.
 */
function withoutImports(text) {
  const pairs = (names) => names.replaceAll(/([\w$]+) as ([\w$]+)/g, "$1: $2");
  const from = (_, all, one, names, id) => {
    if (isApart(JSON.parse(id)))
      return names
        .split(",")
        .map((name) => whenCalled(name.trim(), id))
        .join("\n");
    const constants = all ?? one ?? (names && `{${pairs(names)}}`);
    return constants ? `const ${constants} = require(${id});` : `require(${id});`;
  };
  return text
    .replaceAll(/^import (?:(?:\* as ([\w$]+)|([\w$]+)|\{([^}]*)\}) from )?("[^"]+");$/gm, from)
    .replace(/^export \{([^}]*)\};$/m, (_, names) => {
      return `module.exports = {__proto__: null,__esModule: true,${names.replaceAll(/([\w$]+) as ([\w$]+|".*")/g, "$2: $1")}};`;
    });
}

/** `name`: NAME, or NAME as LOCAL. */
function whenCalled(name, id) {
  const [exported, local = exported] = name.split(" as ");
  return `const ${local} = (...args) => require(${id}).${exported}(...args);`;
}

/** esbuild would put them into the file of those that import them. */
function keepApart({ onResolve }) {
  onResolve({ filter: /\.ts$/ }, ({ path, resolveDir, kind }) => {
    const id = kind === "import-statement" ? idApart(resolve(resolveDir, path)) : undefined;
    return id && { path: id, external: true };
  });
}

/** What host/abi.ts computes is the same at each start. */
function computeAhead({ onLoad }) {
  onLoad({ filter: /[/\\]host[/\\]abi\.ts$/ }, async ({ path }) => {
    const { outputFiles } = await build({ entryPoints: [path], bundle: true, format: "esm", write: false });
    const { abi } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
    return { contents: `export function abi() {\n  return ${abi()}n;\n}` };
  });
}

function checkFunctions(text, path) {
  const [, names = ""] = /^export \{([^}]*)\};$/m.exec(text) ?? [];
  for (const [name] of names.matchAll(/[\w$]+/g))
    if (!new RegExp(`^(async )?function ${name}\\(`, "m").test(text))
      throw new Error(`${path} exports ${name}, which is no function`);
}

/**
 * The value of the script is a function for each module. It and what a module exports have no prototype: V8 then makes one table of
 * the names, where it would make a hidden class for each of them, which takes a twentieth of a start.
 */
async function writeScript(path, ids, modules, ahead) {
  const functions = ids.map(
    (id) => `${JSON.stringify(id)}: function (require, module, bundledFile) {\n${modules.get(id)}}`,
  );
  const source = escaped(`({\n__proto__: null,\n${functions.join(",\n")}\n})`);
  await writeFile(path, source);
  if (ahead) await compileAhead(path, source);
}
