import { join, posix, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { ProjectBundle } from "../config/project.ts";
import { withSlashes } from "../paths/slashes.ts";
import { absentPackages } from "./absent.ts";
import type { Apart } from "./addons/addons.ts";
import { type Addon, importsApart } from "./addons/apart.ts";
import { createIncludes } from "./addons/files.ts";
import { unshipped } from "./addons/pnp.ts";
import { installRecords, uninstalled } from "./addons/uninstalled.ts";
import { BundleFailure } from "./bundle-failure.ts";
import {
  type BuildContext,
  type BuildOptions,
  type BuildResult,
  diagnosticsOf,
  newContext,
  type Plugin,
} from "./esbuild.ts";
import { createFindIn, type FindIn } from "./find-in.ts";
import { fallback, locator, REQUIRE, type Sources } from "./heading.ts";
import { type IncrementalContext, newIncrementalContext } from "./incremental/context.ts";
import { type Built, firstKnown, type Known, learn, learnFromFailure } from "./learn.ts";
import { LOCATIONS, locatedSources, locating } from "./located.ts";
import { ownAddons } from "./own-addons.ts";
import { awaitedBy } from "./unresolved.ts";

/** One build after the other, until other packages are installed. */
export interface BuildSession {
  readonly root: string;
  readonly config: ProjectBundle;
  readonly installed: string;
  /** Whether a debugger reads the source map. */
  readonly isInspected: boolean;
  readonly known: Known;
  /** The packages that the last build imports, by name. */
  readonly addons: Map<string, Addon>;
  readonly includesOf: ReturnType<typeof createIncludes>;
  readonly findIn: FindIn;
  /** Of the last build: those that are not of packages, relative to the project. */
  sources: readonly string[];
  /** undefined before the first build, and once more is known than it was made for. */
  context: BuildContext | IncrementalContext | undefined;
  /** Of the last build; undefined before the first. */
  apart: Apart | undefined;
  /** Of the last build. */
  entries: Sources;
}

export function newSession(root: string, config: ProjectBundle, installed: string, isInspected: boolean): BuildSession {
  return {
    root,
    config,
    installed,
    isInspected,
    known: firstKnown(root),
    addons: new Map(),
    includesOf: createIncludes(),
    findIn: createFindIn(root),
    sources: [],
    context: undefined,
    apart: undefined,
    entries: {},
  };
}

/** Builds again as long as a build shows something that changes the next one. */
export async function buildAsKnown(session: BuildSession, signal: AbortSignal): Promise<Result> {
  for (;;) {
    const { result, isFinal } = await buildAndLearn(session, signal);
    if (result && isFinal) return result;
    await session.context?.dispose();
    session.context = undefined;
  }
}

export type Result = Pick<Built, "outputFiles" | "metafile" | "isUnlocated"> & Pick<BuildResult, "warnings">;

async function buildAndLearn(
  session: BuildSession,
  signal: AbortSignal,
): Promise<{ readonly result?: Result; readonly isFinal: boolean }> {
  const { root, known, addons } = session;
  addons.clear();
  let result: Result;
  try {
    session.context ??= session.config.incremental
      ? newIncrementalContext(options(session), root, addons)
      : await newContext(options(session));
    signal.throwIfAborted();
    result = (await session.context.rebuild()) as Result;
  } catch (error) {
    signal.throwIfAborted();
    const diagnostics = diagnosticsOf(error);
    if (!diagnostics) throw error;
    const errors = diagnostics.map(({ file, text }) => ({ file: resolve(root, file), text }));
    if (learnFromFailure(known, errors)) return { isFinal: false };
    const remedy = uninstalled(root, errors);
    const said = remedy === undefined ? diagnostics : diagnostics.filter(({ text }) => !AS_EXTERNAL.test(text));
    const awaited = [...awaitedBy(errors), ...installRecords(root)].map((file) => withSlashes(relative(root, file)));
    throw new BundleFailure([...said, ...unshipped(root, known.apart)], awaited, remedy);
  }
  signal.throwIfAborted();
  session.entries = entriesOf(session, result);
  const isNew = await learn(known, root, { ...result, addons: [...addons.values()] }, session.config.options.loader);
  return { result, isFinal: !isNew };
}

/** esbuild's advice about what is not found, which for a package that is not installed is the wrong one. */
const AS_EXTERNAL = /^You can (?:mark the path|also surround this)/;

function entriesOf({ config }: BuildSession, { metafile }: Result): Sources {
  const outputs = Object.entries(metafile.outputs).filter(([, { entryPoint }]) => entryPoint !== undefined);
  return Object.fromEntries(
    outputs.map(([output, { entryPoint = "" }]) => [posix.relative(config.outdir, output), entryPoint]),
  );
}

function options({ root, config, known, addons, entries, isInspected }: BuildSession): BuildOptions {
  const { banner, plugins = [], define, ...rest } = config.options;
  const format = rest.format ?? "esm";
  const isModule = format === "esm";
  const located = Object.values(entries).filter((source) => known.located.has(join(root, source)));
  const heading = { outdir: config.outdir, isModule, entries, located, mended: known.mended };
  const head = [
    isModule ? REQUIRE : "",
    known.hasOthers ? fallback(isModule) : "",
    known.located.size + known.mended.size > 0 || known.hasOwnAddons ? locator(heading) : "",
    banner?.["js"] ?? "",
  ];
  const own = { ...(rest as BuildOptions), format, define: { ...LOCATIONS, ...define } };
  const apart = { names: config.addons, directories: withoutNamed(known.apart, own) };
  return {
    platform: "node",
    target: "node20.19",
    sourcemap: "linked",
    // The mirror has the sources; in the map they would double what each save builds, compares and sends.
    sourcesContent: false,
    ...own,
    banner: { ...banner, js: head.filter(Boolean).join("\n") },
    entryPoints: config.entryPoints as Record<string, string>,
    outdir: config.outdir,
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    logLevel: "silent",
    plugins: [
      importsApart(root, apart, addons, isModule),
      ...(plugins as readonly Plugin[]).map((plugin) => locating(plugin, root, known.located)),
      locatedSources(root, known.located, rest.loader),
      absentPackages(known.absent),
      ownAddons(root, known.hasOwnAddons),
    ],
    ...(isInspected ? localSources(root, config) : {}),
  };
}

/** Plugins are asked first: what an option of esbuild says of a name would have no effect. */
function withoutNamed(apart: ReadonlyMap<string, string>, { alias = {}, external = [] }: BuildOptions) {
  return new Map([...apart].filter(([, name]) => !(name in alias) && !external.includes(name)));
}

/** A debugger reads the map with the script, which is on the target; the files that it names are here. */
function localSources(root: string, { outdir }: ProjectBundle) {
  return { sourcemap: "inline", sourceRoot: pathToFileURL(`${join(root, outdir)}/`).href } as const;
}
