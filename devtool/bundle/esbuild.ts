import { join } from "node:path";
import {
  type BuildFailure,
  type BuildOptions,
  build,
  context,
  type Message,
  type OnLoadResult,
  type OutputFile,
  type Plugin,
  type TransformOptions,
  transform,
} from "esbuild";
import type { Diagnostic } from "../report/diagnostic.ts";

export type {
  BuildContext,
  BuildOptions,
  BuildResult,
  Loader,
  Message,
  Metafile,
  OnLoadResult,
  OnResolveArgs,
  OutputFile,
  Plugin,
} from "esbuild";
export type Outputs = readonly Pick<OutputFile, "path" | "contents">[];

/**
 * esbuild parses each file of a package with a "type" anew in every rebuild, and Go collects what that leaves more than once:
 * at this GOGC a rebuild takes four fifths of the time, and esbuild up to twice the memory.
 */
const GOGC = "300";

/** One build, whose outputs are returned. */
export function buildOnce(options: BuildOptions) {
  return inProcess(() => build({ ...options, write: false, metafile: true } as const));
}

export const newContext: typeof context = (options) => inProcess(() => context(options));

/** A plugin with `change` made to what it loads of a file. */
export function afterLoad(plugin: Plugin, change: (path: string, result: Loaded) => Loaded): Plugin {
  return {
    name: plugin.name,
    setup: (build) =>
      plugin.setup({
        ...build,
        onLoad: (options, callback) => build.onLoad(options, async (args) => change(args.path, await callback(args))),
      }),
  };
}

type Loaded = OnLoadResult | null | undefined;

/** One file's text compiled; undefined where it has errors. */
export async function transformText(text: string, options: TransformOptions): Promise<string | undefined> {
  return await transform(text, { ...options, logLevel: "silent" }).then(
    ({ code }) => code,
    () => undefined,
  );
}

/**
 * Bundles a file with its imports into the text of one module. Paths in messages are relative to `root`; the files it was
 * made of are absolute.
 */
export async function bundleText(file: string, root: string, plugins: Plugin[], define: Record<string, string>) {
  const options = {
    entryPoints: [file],
    absWorkingDir: root,
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: `node${process.versions.node}`,
    logLevel: "silent",
    sourcemap: "inline",
    define,
    plugins,
    metafile: true,
  } as const satisfies BuildOptions;
  const result = await inProcess(() => build(options));
  const files = Object.keys(result.metafile.inputs).map((path) => join(root, path));
  return { text: result.outputFiles[0]?.text ?? "", files };
}

/** The first call starts esbuild's process, which gets the environment that this one has then. */
function inProcess<T>(call: () => T): T {
  const { GOGC: own } = process.env;
  process.env["GOGC"] ??= GOGC;
  try {
    return call();
  } finally {
    if (own === undefined) delete process.env["GOGC"];
  }
}

/** The diagnostics of a failed build; undefined for any other error. */
export function diagnosticsOf(error: unknown): Diagnostic[] | undefined {
  if (!isBuildFailure(error)) return undefined;
  return [...toDiagnostics(error.errors, "error"), ...toDiagnostics(error.warnings, "warning")];
}

export function toDiagnostics(messages: readonly Message[], severity: Diagnostic["severity"]): Diagnostic[] {
  return messages.flatMap(({ text, location, notes }) => [
    { ...place(location), severity, text },
    ...notes.map((note) => ({ ...place(note.location), severity: "note" as const, text: note.text })),
  ]);
}

function place(location: Message["location"]): Pick<Diagnostic, "file" | "line" | "column"> {
  // esbuild counts columns from 0, in bytes.
  return { file: location?.file ?? "", line: location?.line ?? 0, column: (location?.column ?? -1) + 1 };
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors) && "warnings" in error;
}

/** Whether an input is a file: what a plugin makes up has the name of its kind before it. */
export function isFile(input: string): boolean {
  return !/^[^/]{2,}:/.test(input);
}
