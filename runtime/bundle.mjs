// Bundles the program into files that launch.cjs loads: one with cli.ts; one for each thing that cli.ts imports when it is asked
// for it, with all the modules that this needs, and for what one of these imports later and often; those of APART; one with the rest.
import { readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { build, transform } from "esbuild";
import { compileAhead, escaped } from "../compile-ahead.mjs";

const ENTRY = "runtime/cli.ts";
/** What V8 makes of a file is twice as long as the file: stored for what is started often. */
const COMPILED = new Set(["cli", "run", "exec", "verbs", "undo", "pull", "fetch", "network"]);

/**
 * What is loaded at the first call of a function, by the name of a file: what hardly a start calls, and what only containers with
 * a network need. These modules export functions only. The words for failures are not among them: there may be no descriptor
 * left to open a file.
 */
const APART = {
  network: ["container/network/join", "resources/lease"],
  rare: [
    "commands/environment-file",
    "explain/preparations",
    "explain/strace",
    "host/root-entries",
    "network/iptables",
    "seccomp/docker-rules",
    "seccomp/filter",
    "spec/mount-requests/mount",
    "spec/mount-requests/tmpfs",
  ],
};
const APART_IDS = new Map(
  Object.values(APART).flatMap((names) => names.map((name) => [sourceOf(name), `./${basename(name)}.js`])),
);
/** Whoever loads those has one of these files already. */
const BEFORE = ["run", "exec", "verbs", "undo"];

/** `shared`: options of esbuild. */
export async function bundleProgram(outdir, shared) {
  const { metafile, outputFiles } = await build({
    ...shared,
    entryPoints: [ENTRY, ...APART_IDS.keys()],
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
  for (const [name, ids] of files) await writeScript(join(outdir, fileName(name)), ids, modules, COMPILED.has(name));
  const homes = Object.fromEntries(files.reverse().flatMap(([name, ids]) => ids.map((id) => [id, fileName(name)])));
  const [shell, loader] = await Promise.all(["launch.sh", "launch.cjs"].map((name) => read(name)));
  await writeFile(join(outdir, "tinydocker.cjs"), `${shell}const FILES = ${JSON.stringify(homes)};\n${loader}`);
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
      return `module.exports = {__esModule: true,${names.replaceAll(/([\w$]+) as ([\w$]+|".*")/g, "$2: $1")}};`;
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
    const id = kind === "import-statement" ? APART_IDS.get(resolve(resolveDir, path)) : undefined;
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

function isApart(id) {
  return Array.from(APART_IDS.values()).includes(id);
}

function sourceOf(name) {
  return resolve(`runtime/${name}.ts`);
}

/** As the modules import each other. */
function idOf(path) {
  return `./${basename(path)}`;
}

/** Pairs of a name and the modules' ids. */
function filesOf(outputs) {
  const importsOf = (path, kind) => outputs[path].imports.filter((one) => one.kind === kind).map((one) => one.path);
  const needs = (path, found = new Set()) => {
    if (found.has(path) || !outputs[path]) return found;
    found.add(path);
    for (const one of importsOf(path, "import-statement")) needs(one, found);
    return found;
  };
  const cli = Object.keys(outputs).find((path) => outputs[path].entryPoint === ENTRY);
  const always = needs(cli);
  const nameOf = (path) => basename(outputs[path].entryPoint ?? "", ".ts");
  const often = Object.keys(outputs).filter((path) => path !== cli && COMPILED.has(nameOf(path)));
  const asked = [...new Set([...importsOf(cli, "dynamic-import"), ...often])].map((path) => {
    return [nameOf(path), [...needs(path)].filter((one) => !always.has(one))];
  });
  const before = asked.filter(([name]) => BEFORE.includes(name)).map(([, paths]) => paths);
  const isThere = (path) => always.has(path) || before.every((paths) => paths.includes(path));
  const apart = Object.entries(APART).map(([name, modules]) => {
    const ids = modules.map((module) => APART_IDS.get(sourceOf(module)));
    const paths = Object.keys(outputs).filter((path) => ids.includes(idOf(path)));
    return [name, [...new Set(paths.flatMap((path) => [...needs(path)]))].filter((path) => !isThere(path))];
  });
  const files = [["cli", [...always]], ...asked, ...apart];
  const later = Object.keys(outputs).filter((path) => !files.some(([, paths]) => paths.includes(path)));
  return [...files, ["later", later]].map(([name, paths]) => [name, paths.map(idOf)]);
}

/** The value of the script is a function for each module. */
async function writeScript(path, ids, modules, isCompiled) {
  const functions = ids.map(
    (id) => `${JSON.stringify(id)}: function (require, module, bundledFile) {\n${modules.get(id)}}`,
  );
  const source = escaped(`({\n${functions.join(",\n")}\n})`);
  await writeFile(path, source);
  if (isCompiled) await compileAhead(path, source);
}
