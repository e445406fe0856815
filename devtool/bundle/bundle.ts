import { stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { ProjectBundle } from "../config/project.ts";
import { Failure } from "../failure.ts";
import type { Diagnostic } from "../report/diagnostic.ts";
import { type Addon, addonImports, nativePackages } from "./addons/imports.ts";
import {
  type BuildContext,
  type BuildOptions,
  type BuildResult,
  diagnosticsOf,
  newContext,
  type Plugin,
  toDiagnostics,
} from "./esbuild.ts";
import { type Output, writeOutputs } from "./outputs.ts";

export interface Bundle {
  /** What this build changed or removed on disk; relative to the project, posix. */
  readonly changed: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** The source files it was built from, without packages; relative to the project, posix. */
  readonly inputs: readonly string[];
  readonly addons: readonly Addon[];
  readonly warnings: readonly Diagnostic[];
  readonly milliseconds: number;
}

export interface Bundler {
  /** Builds from the files on disk now. A build that is running is cancelled first. @throws BundleFailure */
  build(signal: AbortSignal): Promise<Bundle>;
  dispose(): Promise<void>;
}

/** The program does not bundle; the next save may fix it. */
export class BundleFailure extends Failure {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    super(`the bundle has ${errors === 1 ? "an error" : `${errors} errors`}`, { code: "bundle-failed" });
    this.diagnostics = diagnostics;
  }

  /** The files that the diagnostics are in; relative to the project, posix, without packages. */
  get files(): string[] {
    return this.diagnostics
      .map(({ file }) => file)
      .filter((file) => file !== "" && !isAbsolute(file) && !isPackaged(file));
  }
}

/** `isInspected`: with a source map that leads a debugger on this machine to the sources. */
export function createBundler(root: string, config: ProjectBundle, isInspected = false): Bundler {
  const installed = join(root, "node_modules/.package-lock.json");
  let built: { context: BuildContext; addons: Map<string, Addon>; packages: number } | undefined;
  const current = async () => {
    const packages = (await stat(installed).catch(() => undefined))?.mtimeMs ?? 0;
    if (built?.packages === packages) return built;
    await built?.context.dispose();
    const addons = new Map<string, Addon>();
    const names = [...config.addons, ...(await nativePackages(root))];
    built = {
      context: await newContext({
        ...options(root, config, addonImports(names, addons)),
        ...(isInspected ? localSources(root, config) : {}),
      }),
      addons,
      packages,
    };
    return built;
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    build: (signal) => {
      // rebuild() during a build returns that build's result, which may be older than the files on disk.
      const idle = Promise.all([last, built?.context.cancel()]);
      const build = idle.then(current).then(({ context, addons }) => buildOnce(context, root, config, addons, signal));
      last = build.catch(() => {});
      return build;
    },
    dispose: async () => {
      await last;
      await built?.context.dispose();
    },
  };
}

function options(root: string, config: ProjectBundle, addons: Plugin) {
  const { banner, ...rest } = config.options;
  const format = rest.format ?? "esm";
  return {
    platform: "node",
    target: "node20.19",
    sourcemap: "linked",
    // The mirror has the sources; in the map they would double what each save builds, compares and sends.
    sourcesContent: false,
    ...(rest as BuildOptions),
    format,
    banner: { ...banner, js: [format === "esm" ? REQUIRE : "", banner?.["js"] ?? ""].filter(Boolean).join("\n") },
    entryPoints: config.entryPoints as Record<string, string>,
    outdir: config.outdir,
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    logLevel: "silent",
    plugins: [addons],
  } as const satisfies BuildOptions;
}

/** A debugger reads the map with the script, which is on the target; the files that it names are here. */
function localSources(root: string, { outdir }: ProjectBundle) {
  return { sourcemap: "inline", sourceRoot: pathToFileURL(`${join(root, outdir)}/`).href } as const;
}

/** CommonJS packages in an ES module call require() for Node's own modules. */
const REQUIRE =
  "import { createRequire as devtoolCreateRequire } from 'node:module'; const require = devtoolCreateRequire(import.meta.url);";

async function buildOnce(
  context: BuildContext,
  root: string,
  config: ProjectBundle,
  addons: Map<string, Addon>,
  signal: AbortSignal,
): Promise<Bundle> {
  const started = performance.now();
  signal.throwIfAborted();
  addons.clear();
  let result: BuildResult;
  try {
    result = await context.rebuild();
  } catch (error) {
    signal.throwIfAborted();
    const diagnostics = diagnosticsOf(error);
    if (diagnostics) throw new BundleFailure(diagnostics);
    throw error;
  }
  signal.throwIfAborted();
  const outputs = result.outputFiles ?? [];
  const folder = join(root, config.outdir);
  const relativeOutputs = outputs.map(({ path, contents }) => ({ path: posix(relative(folder, path)), contents }));
  const changed = await writeOutputs(folder, [...relativeOutputs, moduleType(config.options.format)]);
  return {
    changed: changed.map((path) => `${config.outdir}/${path}`),
    files: outputs.length,
    bytes: outputs.reduce((sum, { contents }) => sum + contents.length, 0),
    inputs: Object.keys(result.metafile?.inputs ?? {}).filter((path) => !isPackaged(path)),
    addons: [...addons.values()],
    warnings: toDiagnostics(result.warnings, "warning"),
    milliseconds: performance.now() - started,
  };
}

/** Node.js takes a .js file for what the nearest package.json says, and that may be the project's or any folder's above. */
function moduleType(format: string | undefined): Output {
  const type = format === undefined || format === "esm" ? "module" : "commonjs";
  return { path: "package.json", contents: Buffer.from(`{"type":"${type}"}\n`), yields: true };
}

function isPackaged(path: string): boolean {
  return /(^|\/)node_modules\//.test(path);
}

function posix(path: string): string {
  return sep === "/" ? path : path.replaceAll(sep, "/");
}
