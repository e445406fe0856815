// Bundles what Node.js runs first of devtool, as launch.cjs loads it: a run beside a watch needs no more, and would take twice as long
// with what the other commands need. It asks the watch before it has loaded more than that takes.
import { chmod, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";
import { compileAhead, escaped } from "../compile-ahead.mjs";

/** What is imported when it is asked for is a file of its own. */
const builtApart = {
  name: "built-apart",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\..*\.ts$/ }, ({ path, kind }) => {
      return kind === "dynamic-import" ? { path: `./${basename(path, ".ts")}.js`, external: true } : undefined;
    });
  },
};

/** What launch.cjs loads as V8 compiled it, in this order. */
const SCRIPTS = ["cli", "main"];

/** `shared`: options of esbuild. */
export async function bundleFirst(outdir, shared) {
  await Promise.all(SCRIPTS.map((name) => bundleScript(name, outdir, shared)));
  const program = join(outdir, "devtool.cjs");
  const launcher = await readFile(join(import.meta.dirname, "launch.cjs"), "utf8");
  await writeFile(program, launcher.replaceAll("\r\n", "\n"));
  await chmod(program, 0o755);
}

async function bundleScript(name, outdir, shared) {
  const { outputFiles } = await build({
    ...shared,
    entryPoints: [`devtool/${name}.ts`],
    // Which Node.js starts 9 ms sooner than ES modules.
    format: "cjs",
    define: { "import.meta.dirname": "__dirname" },
    plugins: [builtApart],
    write: false,
  });
  const path = join(outdir, `devtool-${name}.cjs`);
  // What was compiled ahead can't import.
  const text = outputFiles[0].text.replaceAll(/\bimport\(/g, "load(");
  const source = escaped(`(function (require, load, __dirname, module) {\n${text}})`);
  await writeFile(path, source);
  await compileAhead(path, source);
}
