// Builds the programs, the agent, the library and its types into dist/. npm ci, npm pack and installs from git run it (prepare).
// `node build.mjs DIRECTORY`, for tests: into that, which does not exist, and without types.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { escaped } from "./compile-ahead.mjs";
import { bundleFirst } from "./devtool/bundle.mjs";
import { bundleProgram } from "./runtime/bundle.mjs";

/** How often another build may put its dist/ in the way of this one's. */
const REPLACED_MAX = 100;

process.chdir(fileURLToPath(new URL(".", import.meta.url)));
const [directory] = process.argv.slice(2);
await (directory === undefined ? prepare() : bundle(directory));

/** Built beside dist/, which it then replaces, so that a running program never finds an incomplete one. */
async function prepare() {
  const fresh = await mkdtemp("dist.new-");
  try {
    await Promise.all([bundle(fresh), declare(join(fresh, "types"))]);
    await chmod(fresh, 0o755);
    await replace("dist", fresh);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

async function bundle(outdir) {
  const shared = { bundle: true, platform: "node", target: "node20.19", format: "esm", outdir };
  // Not named createRequire: yargs imports that name itself.
  const banner = { js: "import { createRequire as from } from 'node:module'; const require = from(import.meta.url);" };
  // One file: devtool sends it to targets under the hash of its content.
  await build({ ...shared, entryPoints: { agent: "devtool/agent/main.ts" } });
  await bundleProgram(outdir, shared);
  await build({ ...shared, entryPoints: { api: "runtime/api/api.ts" }, external: ["koffi"], splitting: true, banner });
  await build({
    ...shared,
    entryPoints: {
      program: "devtool/program.ts",
      cut: "devtool/report/cut.ts",
      config: "devtool/config/config.ts",
      schema: "devtool/config/schema.ts",
    },
    splitting: true,
    external: ["esbuild", "jsonc-parser", "koffi", "ssh2", "string-width", "yargs"],
  });
  await bundleFirst(outdir, shared);
  await escapeModules(outdir);
  const { jsonSchema } = await import(pathToFileURL(join(outdir, "schema.js")).href);
  await writeFile(join(outdir, "devtool.config.schema.json"), JSON.stringify(jsonSchema()));
  await chmod(join(outdir, "tinydocker.cjs"), 0o755);
}

/** V8 keeps the text of a module as it is written, in twice the memory if one character needs two bytes. */
async function escapeModules(outdir) {
  for (const name of await readdir(outdir)) {
    if (!name.endsWith(".js")) continue;
    const path = join(outdir, name);
    const text = await readFile(path, "utf8");
    if (escaped(text) !== text) await writeFile(path, escaped(text));
  }
}

/** Declarations of what the package exports. `npm ci --omit=dev` installs no TypeScript, and the programs run without them. */
async function declare(directory) {
  const tsc = "node_modules/typescript/bin/tsc";
  if (!existsSync(tsc)) {
    process.stderr.write("dist/ has no types, because TypeScript is not installed\n");
    return;
  }
  await promisify(execFile)(process.execPath, [tsc, "-p", "tsconfig.types.json", "--outDir", directory]).catch(
    ({ stdout, message }) => {
      throw new Error(stdout || message);
    },
  );
  for (const name of await readdir(directory, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(directory, name);
    // A declaration file names others as JavaScript does; compilers before TypeScript 5 accept nothing else.
    const text = (await readFile(path, "utf8")).replace(/(from "\.[^"]*)\.ts"/g, '$1.js"');
    await writeFile(path, text);
  }
}

/** Renames `fresh` to `directory`. Another build may do the same at the same time; the last one wins. */
async function replace(directory, fresh) {
  const old = `${fresh}.old`;
  for (let attempt = 1; ; attempt += 1) {
    await rename(directory, old).catch(unless("ENOENT"));
    try {
      await rename(fresh, directory);
      break;
    } catch (error) {
      // Another build's directory was put there between the two renames.
      if (attempt === REPLACED_MAX) throw error;
      unless("ENOTEMPTY", "EEXIST", "EPERM")(error);
    } finally {
      await rm(old, { recursive: true, force: true });
    }
  }
}

function unless(...codes) {
  return (error) => {
    if (!codes.includes(error.code)) throw error;
  };
}
