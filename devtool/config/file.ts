import { rmSync } from "node:fs";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Plugin } from "../bundle/esbuild.ts";
import { Failure } from "../failure.ts";
import { withoutMark } from "../process/byte-order-mark.ts";
import { errnoOf, errnoWords } from "../process/errno.ts";

export interface ConfigFile {
  /** Unchecked. */
  readonly value: unknown;
  /** The file and what it imports: absolute paths. */
  readonly files: readonly string[];
}

/** @throws Failure, exit code 2, when it can't be read or run */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  const written = await readText(file);
  if (file.endsWith(".json")) return { value: await parseJson(file, written), files: [file] };
  const bundled = await bundle(file);
  return {
    value: await importText(bundled.text, file),
    files: bundled.files.filter((path) => !path.includes(":") || isAbsolute(path)),
  };
}

async function readText(file: string): Promise<string> {
  try {
    return withoutMark(await readFile(file, "utf8"));
  } catch (error) {
    throw new Failure(`can't read ${file}: ${errnoWords(errnoOf(error) ?? String(error))}`, {
      code: "config-invalid",
      remedy: "make it a file that you can read, or name another one: --config FILE",
      exitCode: 2,
      cause: error,
    });
  }
}

/** @throws Failure that names the first error's line and column */
async function bundle(file: string): Promise<{ readonly text: string; readonly files: readonly string[] }> {
  const { bundleText, diagnosticsOf } = await import("../bundle/esbuild.ts");
  const root = dirname(file);
  try {
    return await bundleText(file, root, [configImports(root)], pathConstants(file));
  } catch (error) {
    const [first] = diagnosticsOf(error) ?? [];
    if (!first) throw error;
    const { file: name, line, column, text } = first;
    const { uninstalled } = await import("../bundle/addons/uninstalled.ts");
    const remedy = uninstalled(root, [{ file: join(root, name), text }]);
    throw new Failure(`${name}:${line}:${column}: error: ${text}`, {
      ...OF_CONFIG,
      ...(remedy === undefined ? {} : { remedy }),
      cause: error,
    });
  }
}

/** esbuild knows the line of an error, which Node.js has no words for in each case. */
async function parseJson(file: string, text: string): Promise<unknown> {
  try {
    return JSON.parse(text);
  } catch (error) {
    await bundle(file);
    throw new Failure(`${file} is not valid JSON: ${(error as Error).message}`, {
      code: "config-invalid",
      exitCode: 2,
      cause: error,
    });
  }
}

/**
 * Provides `defineConfig`, so that a project need not have this package installed; other packages are left external.
 */
function configImports(root: string): Plugin {
  return {
    name: "config-imports",
    setup: (build) => {
      build.onResolve({ filter: /^tinydocker\/config$/ }, () => ({ path: "config", namespace: "define-config" }));
      build.onLoad({ filter: /.*/, namespace: "define-config" }, () => ({
        contents: "export const defineConfig = (config) => config;",
      }));
      build.onResolve({ filter: /^[^./]/ }, ({ path, kind, importer }) => {
        if (kind === "entry-point" || path.startsWith("node:") || /^[A-Za-z]:[\\/]/.test(path)) return undefined;
        const from = createRequire(importer || join(root, "package.json"));
        try {
          const found = from.resolve(path);
          return { path: found === path ? path : pathToFileURL(found).href, external: true };
        } catch {
          return undefined; // esbuild then reports it, with the line
        }
      });
    },
  };
}

/** The module runs from a temporary file; these constants still name the original. */
function pathConstants(file: string): Record<string, string> {
  return {
    "import.meta.url": JSON.stringify(pathToFileURL(file).href),
    "import.meta.dirname": JSON.stringify(dirname(file)),
    "import.meta.filename": JSON.stringify(file),
    __dirname: JSON.stringify(dirname(file)),
    __filename: JSON.stringify(file),
  };
}

async function importText(code: string, file: string): Promise<unknown> {
  const directory = await mkdtemp(join(tmpdir(), "devtool-config."));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  // Also when the configuration ends the process.
  process.once("exit", remove);
  try {
    const module = join(directory, "config.mjs");
    await writeFile(module, code);
    const { default: config } = await untilDone(import(pathToFileURL(module).href), file);
    if (config === undefined)
      throw new Failure(`${file} has no default export`, {
        code: "config-invalid",
        remedy: "export default defineConfig({ … })",
        exitCode: 2,
      });
    return config;
  } catch (error) {
    if (error instanceof Failure) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new Failure(`${file} can't be run: ${message}`, { code: "config-invalid", exitCode: 2, cause: error });
  } finally {
    process.off("exit", remove);
    remove();
  }
}

/** A module that waits for something that never comes leaves Node.js with nothing to do, and would end it without a word. */
async function untilDone(imported: Promise<{ default?: unknown }>, file: string): Promise<{ default?: unknown }> {
  let giveUp = () => {};
  const stuck = new Promise<never>((_, reject) => {
    giveUp = () => reject(new Failure(`${file} never finishes: it awaits something that does not happen`, OF_CONFIG));
    process.once("beforeExit", giveUp);
  });
  try {
    return await Promise.race([imported, stuck]);
  } finally {
    process.off("beforeExit", giveUp);
  }
}

const OF_CONFIG = { code: "config-invalid", exitCode: 2 } as const;
