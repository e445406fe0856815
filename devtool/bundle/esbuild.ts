import { join } from "node:path";
import { type BuildFailure, build, context, type Message, type Plugin } from "esbuild";
import type { Diagnostic } from "../report/diagnostic.ts";

export type { BuildContext, BuildOptions, BuildResult, Plugin } from "esbuild";

export const newContext = context;

/**
 * Bundles a file with its imports into the text of one module. Paths in messages are relative to `root`; the files it was
 * made of are absolute.
 */
export async function bundleText(file: string, root: string, plugins: Plugin[], define: Record<string, string>) {
  const result = await build({
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
  });
  const files = Object.keys(result.metafile.inputs).map((path) => join(root, path));
  return { text: result.outputFiles[0]?.text ?? "", files };
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
