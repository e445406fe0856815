import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { OUTPUTS_LIST, PLATFORMS } from "../bundle/outputs.ts";
import { Failure } from "../failure.ts";
import { parseLines } from "../ignore/lines.ts";
import { toBytes } from "../paths/bytes.ts";
import { withSlashes } from "../paths/slashes.ts";
import { type Mapping, PUBLISHED, parseMapping } from "../ports/mapping.ts";
import type { BundleConfig, TargetSettings } from "./config.ts";
import { readConfigFile } from "./file.ts";
import { configFileIn, configFilesOf, findConfigFile } from "./find.ts";
import { checkIncremental } from "./incremental.ts";
import { isFile } from "./is-file.ts";
import { refused } from "./refused.ts";
import type { CheckedConfig } from "./schema.ts";
import { type ProjectStep, resolveSteps } from "./steps.ts";

/** The configuration with its defaults, checked against the project's files. Relative paths are posix. */
export interface Project {
  /** Absolute, without symbolic links. */
  readonly root: string;
  /** The configuration's file, and all that it consists of, or would where it is written anew: absolute paths. */
  readonly config: { readonly file: string; readonly parts: readonly string[]; readonly isNamed: boolean };
  readonly bundle: ProjectBundle | undefined;
  /** Groups that are built one after the other, the steps of each side by side. */
  readonly steps: readonly (readonly ProjectStep[])[];
  /** Which files are sent to the target, besides what git ignores: patterns in gitignore syntax. `written`: the configuration's own of `include`. */
  readonly sync: {
    readonly include: readonly string[];
    readonly written: readonly string[];
    readonly exclude: readonly string[];
  };
  readonly executable: readonly string[];
  readonly watch: { readonly poll: boolean | undefined };
  /** What the program does not have to be started again for: patterns in gitignore syntax. */
  readonly restart: { readonly ignore: readonly string[] };
  readonly run: readonly string[];
  /** Empty where the target has none. */
  readonly tinydocker: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Absolute path. */
  readonly envFile: string | undefined;
  readonly asRoot: boolean;
  /** Whether the bundle is for a debugger on this machine. */
  readonly isInspected: boolean;
  readonly ports: ProjectPorts;
  readonly warm: boolean;
  readonly targets: Readonly<Record<string, TargetSettings>>;
  /** Names; none: the default one. */
  readonly target: readonly string[];
}

/** What is forwarded while the program runs: from this machine to the target, and from the target to this machine. */
export interface ProjectPorts {
  readonly forward: readonly Mapping[];
  readonly reverse: readonly Mapping[];
  /** Whether the ports that a container of the command publishes are forwarded as well. */
  readonly published: boolean;
}

export interface ProjectBundle {
  readonly entryPoints: BundleConfig["entryPoints"];
  readonly outdir: string;
  readonly addons: readonly string[];
  readonly incremental: boolean;
  /** Passed to esbuild unchanged. */
  readonly options: Omit<BundleConfig, "entryPoints" | "outdir" | "addons" | "incremental">;
}

/** A folder in the mirror's root that records what was built there. It is not synced. */
export const BUILD_STAMPS = ".devtool-built";

/** A folder in the project where `pull` keeps files that are not whole yet. It is not synced either. */
export const PULL_FOLDER = ".devtool-pull";

/** Reads the configuration `named`, or the nearest one. @throws Failure, exit code 2, where it is not valid */
export async function loadProject(named: string | undefined, cwd: string): Promise<Project> {
  const file = named === undefined ? findConfigFile(cwd) : resolve(cwd, named);
  if (file === undefined) {
    throw new Failure(`no devtool.config.* in ${cwd} or above it`, {
      code: "config-not-found",
      remedy: "devtool init writes one",
      exitCode: 2,
    });
  }
  return await readProject(file, relative(cwd, file) || file, named !== undefined);
}

/** Reads it again; one that was not named may have another suffix now. @throws Failure, exit code 2, where it is not valid any more */
export async function reloadProject({ config, root, isInspected }: Project): Promise<Project> {
  const file = (config.isNamed ? undefined : configFileIn(root)) ?? config.file;
  return { ...(await readProject(file, relative(root, file), config.isNamed)), isInspected };
}

/** `name` is the file's in messages. */
async function readProject(named: string, name: string, isNamed: boolean): Promise<Project> {
  const root = await realFolder(named);
  const file = join(root, basename(named));
  const { value, files } = await readConfigFile(file);
  const { checkConfig } = await import("./schema.ts");
  const parts = isNamed ? files : [...new Set([...files, ...configFilesOf(root)])];
  return await resolveProject(checkConfig(value, name), root, { file, parts, isNamed });
}

/** The folder of the configuration, if there is one. */
export async function projectRoot(named: string | undefined, cwd: string): Promise<string | undefined> {
  const file = named === undefined ? findConfigFile(cwd) : resolve(cwd, named);
  return file === undefined ? undefined : await realFolder(file);
}

/** One folder is one project, whichever link it is reached through. */
async function realFolder(file: string): Promise<string> {
  return await realpath(dirname(file)).catch(() => dirname(file)); // reading the file reports what is wrong
}

async function resolveProject(config: CheckedConfig, root: string, files: Project["config"]): Promise<Project> {
  const bundle = config.bundle && (await resolveBundle(config.bundle, root));
  const steps = await resolveSteps(config, root);
  checkPatterns(config, basename(files.file));
  const include = included(config, [...(bundle ? [bundle.outdir] : []), ...steps.flat().map(({ folder }) => folder)]);
  const exclude = [
    ...(config.sync?.exclude ?? []),
    `/${BUILD_STAMPS}`,
    `/${PULL_FOLDER}`,
    ...steps.flat().flatMap(({ outputs }) => outputs),
    // The bundle is often ignored by git, and its folder contains node_modules for the target's platform.
    ...(bundle ? [`!/${bundle.outdir}/`, `!/${bundle.outdir}/**`] : []),
    ...(bundle ? [OUTPUTS_LIST, PLATFORMS].map((name) => `/${bundle.outdir}/${name}`) : []),
  ];
  return deepFreeze({
    root,
    config: files,
    bundle,
    steps,
    sync: { include, written: config.sync?.include ?? [], exclude },
    executable: config.sync?.executable ?? ["*.sh"],
    watch: { poll: config.watch?.poll },
    restart: { ignore: config.restart?.ignore ?? [] },
    run: config.run ?? [],
    tinydocker: config.tinydocker ?? [],
    env: config.env ?? {},
    envFile: config.envFile === undefined ? undefined : resolve(root, config.envFile),
    asRoot: config.asRoot ?? false,
    isInspected: false,
    ports: {
      forward: mappings(config, "forward"),
      reverse: mappings(config, "reverse"),
      published: config.forward?.includes(PUBLISHED) ?? false,
    },
    warm: config.warm ?? true,
    targets: config.targets ?? {},
    target: typeof config.target === "string" ? [config.target] : (config.target ?? []),
  });
}

function mappings(config: CheckedConfig, key: "forward" | "reverse"): Mapping[] {
  return (config[key] ?? []).flatMap((written, index) =>
    key === "forward" && written === PUBLISHED ? [] : [parseMapping(written, `${key}[${index}]`)],
  );
}

/** A line of an ignore file that matches nothing is named; one of the configuration's own is refused. */
function checkPatterns({ sync = {}, restart = {} }: CheckedConfig, file: string): void {
  const problems = Object.entries({ sync, restart }).flatMap(([part, keys]) =>
    Object.entries(keys).flatMap(
      ([key, lines = []]) => parseLines(lines.map(toBytes), (index) => `${part}.${key}[${index}]`, false).problems,
    ),
  );
  if (problems.length > 0) throw refused(problems.map((problem) => `${file}: ${problem}`).join("\n"));
}

async function resolveBundle(config: BundleConfig, root: string): Promise<ProjectBundle> {
  const { entryPoints, outdir = ".devtool", addons = [], incremental = false, ...options } = config;
  if (incremental) checkIncremental(config);
  if (Object.keys(entryPoints).length === 0) throw refused("bundle.entryPoints must not be empty");
  for (const [key, entry] of Object.entries(entryPoints)) {
    const where = Array.isArray(entryPoints) ? `bundle.entryPoints[${key}]` : `bundle.entryPoints.${key}`;
    if (!(await isFile(resolve(root, entry)))) throw refused(`${where}: ${entry} does not exist`);
  }
  const folder = inProject(root, outdir, "bundle.outdir");
  const covered = Object.values(entryPoints).find((entry) =>
    within(folder, withSlashes(relative(root, resolve(root, entry)))),
  );
  if (covered !== undefined) throw refused(`bundle.outdir ${outdir} contains the entry point ${covered}`);
  return { entryPoints, outdir: folder, addons, incremental, options };
}

/** The folders that the bundle and the build steps need, and what the configuration names; nothing: the whole project. */
function included({ bundle, native, sync, build = [] }: CheckedConfig, folders: readonly string[]): string[] {
  const named = sync?.include ?? [];
  const isWhole = bundle === undefined && native === undefined;
  if (named.length === 0 && (isWhole || (build.length > 0 && folders.includes("")))) return [];
  return [...new Set(folders)]
    .filter((folder) => folder !== "")
    .map((folder) => `/${folder}/`)
    .concat(named);
}

/** A folder below the project, relative to it. */
function inProject(root: string, folder: string, key: string): string {
  const path = withSlashes(relative(root, resolve(root, folder)));
  if (path === "" || path === ".." || path.startsWith("../") || resolve(root, folder) === folder) {
    throw refused(`${key} must be a folder below the project, not ${folder}`);
  }
  return path;
}

function within(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** Plugins are the configuration's own objects, which may change themselves. */
function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const [key, inner] of Object.entries(value)) if (key !== "plugins") deepFreeze(inner);
  }
  return value;
}
