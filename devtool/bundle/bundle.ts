import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ProjectBundle } from "../config/project.ts";
import { Failure } from "../failure.ts";
import { blockedAt } from "../paths/blocked.ts";
import { toBytes, toText } from "../paths/bytes.ts";
import { withSlashes } from "../paths/slashes.ts";
import { statsAt } from "../paths/stats.ts";
import { unwritable } from "../process/unwritable.ts";
import type { Diagnostic } from "../report/diagnostic.ts";
import type { Apart } from "./addons/addons.ts";
import type { Addon } from "./addons/apart.ts";
import { packageDirectory } from "./addons/package.ts";
import { PNP_REMEDY, unshipped, usesPnp } from "./addons/pnp.ts";
import { stateOf } from "./addons/state.ts";
import { installerOf, installRecords } from "./addons/uninstalled.ts";
import { isPackaged } from "./bundle-failure.ts";
import { isFile, toDiagnostics } from "./esbuild.ts";
import type { Found } from "./find-in.ts";
import { type Output, writeOutputs } from "./outputs.ts";
import type { Read } from "./reads.ts";
import { type BuildSession, buildAsKnown, newSession } from "./session.ts";
import { withLocalSources } from "./source-map.ts";
import { metadataWarnings } from "./tsconfig.ts";

export interface Bundle {
  /** What this build changed or removed on disk; relative to the project, posix. */
  readonly changed: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /**
   * What it was built from: source files, also of packages that are developed here, and what says which packages are
   * installed; relative to the project, posix.
   */
  readonly inputs: readonly string[];
  readonly apart: Apart;
  /** What its sources read of the project, sent or not. */
  readonly reads: readonly Read[];
  readonly warnings: readonly Diagnostic[];
  readonly milliseconds: number;
}

export interface Bundler {
  /** Builds from the files on disk now. A build that is running is cancelled first. @throws BundleFailure */
  build(signal: AbortSignal): Promise<Bundle>;
  dispose(): Promise<void>;
}

/** `isInspected`: with a source map that leads a debugger on this machine to the sources. */
export function createBundler(root: string, config: ProjectBundle, isInspected = false): Bundler {
  let session: BuildSession | undefined;
  const current = async () => {
    const installed = installation(root);
    if (session?.installed === installed) return session;
    await session?.context?.dispose();
    session = newSession(root, config, installed, isInspected);
    return session;
  };
  let last: Promise<unknown> = Promise.resolve();
  return {
    build: (signal) => {
      // rebuild() during a build returns that build's result, which may be older than the files on disk.
      const idle = Promise.all([last, session?.context?.cancel()]);
      const build = idle.then(current).then((now) => buildOnce(now, signal));
      last = build.catch(() => {});
      return build;
    },
    dispose: async () => {
      await last;
      await session?.context?.dispose();
    },
  };
}

/** Another text once packages were installed. */
function installation(root: string): string {
  return installRecords(root)
    .map((file) => statsAt(file)?.mtimeMs ?? 0)
    .join();
}

async function buildOnce(session: BuildSession, signal: AbortSignal): Promise<Bundle> {
  const started = performance.now();
  const { root, config } = session;
  // esbuild is another process: meanwhile this one looks at what the last build imported and read, usually what this one does.
  const { apart: before, sources: sourcesBefore } = session;
  const building = buildAsKnown(session, signal);
  const looked = before && stateOf(before.addons, session.includesOf).catch(() => undefined);
  const foundBefore = session.findIn(sourcesBefore);
  const { outputFiles, metafile, warnings } = await building;
  const inputs = Object.keys(metafile.inputs);
  const sources = inputs.filter((path) => isFile(path) && !isPackaged(path));
  session.sources = sources;
  const { names, reads, mains } = isDeepStrictEqual(sources, sourcesBefore) ? foundBefore : session.findIn(sources);
  const apart = [...session.addons.values(), ...unmentioned(session), ...named(session, names, inputs)];
  const addons = apart.sort((a, b) => (a.name < b.name ? -1 : 1));
  const isSame = isDeepStrictEqual(before?.addons, addons);
  const state = (isSame && (await looked)) || (await stateOf(addons, session.includesOf));
  session.apart = { addons, state };
  const folder = join(root, config.outdir);
  const isInline = ["inline", "both"].includes(String(config.options.sourcemap));
  const isLocal = session.isInspected;
  const outputs = outputFiles
    .map(({ path, contents }) => ({ path: withSlashes(relative(folder, path)), contents }))
    .map((output) => (isLocal ? output : withLocalSources(output, withSlashes(folder), isInline)));
  const changed = await write(session, [...outputs, moduleType(config.options.format)]);
  return {
    changed: changed.map((path) => `${config.outdir}/${path}`),
    files: outputs.length,
    bytes: outputs.reduce((sum, { contents }) => sum + contents.length, 0),
    inputs: [
      ...sources,
      ...[...state.developed, ...installRecords(root)].map((file) => withSlashes(relative(root, file))),
    ],
    apart: session.apart,
    reads,
    warnings: [
      ...toDiagnostics(warnings, "warning"),
      ...outsideWarnings(session),
      ...mainWarnings(config, mains),
      ...metadataWarnings(root, config, outputFiles),
      ...unshipped(root, session.known.apart),
    ],
    milliseconds: performance.now() - started,
  };
}

/** @throws Failure where the folder can't be written, or is a link, which is not sent */
async function write({ root, config: { outdir } }: BuildSession, outputs: readonly Output[]): Promise<string[]> {
  const blocked = blockedAt(root, toBytes(outdir));
  if (blocked !== undefined) throw noFolder(outdir, toText(blocked));
  try {
    return await writeOutputs(join(root, outdir), outputs);
  } catch (error) {
    const { dest = join(root, outdir) } = error as { readonly dest?: string };
    throw unwritable(withSlashes(relative(root, dest)), error);
  }
}

function noFolder(outdir: string, why: string): Failure {
  return new Failure(`the bundle can't be written to ${outdir}: ${why}`, {
    code: "project-unwritable",
    remedy: "move that away, or name another folder: bundle.outdir",
  });
}

/** Of files that ask whether they are the program, which no CommonJS module is in an ES module. */
function mainWarnings({ options: { format = "esm" } }: ProjectBundle, mains: Found["mains"]): Diagnostic[] {
  const text = `require.main is undefined in a bundle of ES modules: set bundle.format to "cjs" in devtool's configuration`;
  return format === "esm" ? mains.map((place) => ({ ...place, severity: "warning", text })) : [];
}

/** Of files that look for what lies beside them, where that is not sent. */
function outsideWarnings({ root, known }: BuildSession): Diagnostic[] {
  const outside = [...known.located]
    .map((file) => withSlashes(relative(root, file)))
    .filter((file) => file.startsWith("../"));
  const text = "import.meta or __dirname leads to a folder outside the project, which is not on the target";
  return outside.map((file) => ({ file, line: 0, column: 0, severity: "warning", text }));
}

/** The packages that the configuration names and the bundle does not: what loads them need not be an import. */
function unmentioned({ root, config, addons }: BuildSession): Addon[] {
  const imported = [...addons.keys()].map((name) => name.replace(/(?<=.)@.*/, ""));
  return config.addons
    .filter((name) => !imported.includes(name))
    .map((name) => {
      const directory = packageDirectory(name, root);
      if (directory !== undefined) return { name, directory, isOptional: false };
      throw new Failure(`bundle.addons names ${name}, which is not installed in ${root} or above it`, {
        code: "package-unavailable",
        remedy: usesPnp(root) ? PNP_REMEDY : `${adding(root)} ${name}, or remove it from bundle.addons`,
        exitCode: 2,
      });
    });
}

/** Packages that something finds by a name in a string, such as a view engine or a logger's transport. */
function named({ root, config, addons }: BuildSession, names: readonly string[], inputs: readonly string[]): Addon[] {
  const others = names
    .filter((name) => !(addons.has(name) || config.addons.includes(name) || config.options.external?.includes(name)))
    .filter((name) => !inputs.some((path) => path.includes(`node_modules/${name}/`)));
  return others.flatMap((name): Addon[] => {
    const directory = packageDirectory(name, root);
    return directory === undefined ? [] : [{ name, directory, isOptional: true }];
  });
}

function adding(root: string): string {
  const installer = installerOf(root);
  return `${installer} ${installer === "npm" ? "install" : "add"}`;
}

/** Node.js takes a .js file for what the nearest package.json says, and that may be the project's or any folder's above. */
function moduleType(format: string | undefined): Output {
  const type = format === undefined || format === "esm" ? "module" : "commonjs";
  return { path: "package.json", contents: Buffer.from(`{"type":"${type}"}\n`), yields: true };
}
