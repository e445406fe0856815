import { readFile, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { COMPILERS } from "../build/compilers.ts";
import { TOOL_FILES, TOOL_LOCKS, TOOL_OUTPUTS, TOOL_PROGRAMS, TOOLS } from "../build/tools.ts";
import type { BuildConfig, BuildTool, StepConfig } from "./config.ts";
import { isFile } from "./is-file.ts";
import { refused } from "./refused.ts";
import type { CheckedConfig } from "./schema.ts";

/** A build step of the configuration, completed. */
export interface ProjectStep {
  readonly name: string;
  /** Relative to the project, posix; empty: the project's own folder. */
  readonly folder: string;
  readonly argv: readonly string[];
  readonly anew?: readonly string[];
  readonly query?: readonly string[];
  readonly runsToEnd: boolean;
  /** Patterns; undefined: all of the folder. */
  readonly inputs: readonly string[] | undefined;
  /** What it needs in the target's PATH. */
  readonly programs: readonly string[];
  /** Patterns for what it makes. */
  readonly outputs: readonly string[];
}

/** Groups that are built one after the other, the steps of each side by side. @throws Failure, exit code 2 */
export async function resolveSteps(config: CheckedConfig, root: string): Promise<ProjectStep[][]> {
  const { native, build = [], afterSync = [] } = config;
  const first = native ? [await nativeStep(native, root)] : [];
  const after = afterSync.map(({ changed, run }) => ({
    name: run.join(" "),
    folder: "",
    argv: run,
    runsToEnd: true,
    programs: run.slice(0, 1),
    inputs: changed,
    outputs: [],
  }));
  const groups = build.map(async (entry, i) => {
    const steps: readonly BuildConfig[] = isGroup(entry) ? entry : [entry];
    return await Promise.all(
      steps.map((step, j) => configuredStep(step, root, `build[${i}]${isGroup(entry) ? `[${j}]` : ""}`)),
    );
  });
  const all = [...after, ...first].map((step): ProjectStep[] => [step]).concat(await Promise.all(groups));
  checkNames(all.flat());
  return all;
}

function isGroup(entry: BuildConfig | readonly BuildConfig[]): entry is readonly BuildConfig[] {
  return Array.isArray(entry);
}

async function nativeStep(
  { folder, target }: NonNullable<CheckedConfig["native"]>,
  root: string,
): Promise<ProjectStep> {
  const path = folderBelow(folder, "native.folder");
  if (path === "") throw refused(`native.folder must be a folder below the project, not ${folder}; see build`);
  const programs = await programsOf("make", root, path, "native.folder");
  return {
    name: path,
    folder: path,
    ...TOOLS.make(target === undefined ? [] : [target]),
    runsToEnd: false,
    programs,
    inputs: undefined,
    outputs: [],
  };
}

async function configuredStep(config: BuildConfig, root: string, key: string): Promise<ProjectStep> {
  if (typeof config === "string") return await configuredStep({ tool: config }, root, key);
  const folder = folderBelow(config.folder ?? ".", `${key}.folder`);
  const { inputs } = config;
  if ("command" in config) {
    if (!(await isThere(join(root, folder)))) throw refused(`${key}.folder: ${folder} does not exist`);
    const [program = ""] = config.command;
    return {
      name: nameOf(config, folder, program),
      folder,
      argv: config.command,
      runsToEnd: false,
      programs: [program],
      inputs,
      outputs: [],
    };
  }
  const programs = await programsOf(config.tool, root, folder, key);
  const lock = TOOL_LOCKS[config.tool];
  const isOwn = lock !== undefined && !(await isThere(join(root, folder, lock)));
  const outputs = [...TOOL_OUTPUTS[config.tool], ...(isOwn ? [lock] : [])].map(
    (path) => `/${posix.join(folder, path)}`,
  );
  return {
    name: nameOf(config, folder, config.tool),
    folder,
    ...TOOLS[config.tool](config.args ?? []),
    runsToEnd: false,
    programs,
    inputs,
    outputs,
  };
}

function nameOf({ name }: StepConfig, folder: string, program: string): string {
  return name ?? (folder === "" ? program : folder);
}

/** What a tool needs in the target's PATH. @throws Failure where the tool has nothing to do there */
async function programsOf(tool: BuildTool, root: string, folder: string, key: string): Promise<readonly string[]> {
  const files = TOOL_FILES[tool].map((file) => join(root, folder, file));
  const found = await Promise.all(files.map(isFile));
  const first = files.find((_, index) => found[index]);
  if (first === undefined)
    throw refused(`${key}: ${folder === "" ? "the project's folder" : folder} has no ${TOOL_FILES[tool].at(-1)}`);
  if (tool !== "make" && tool !== "cmake") return TOOL_PROGRAMS[tool];
  const text = await readFile(first, "utf8").catch(() => ""); // the tool itself reports what can't be read
  return [...TOOL_PROGRAMS[tool], ...COMPILERS[tool](text)];
}

/** Memories and stamps are kept by name. */
function checkNames(steps: readonly ProjectStep[]): void {
  const names = steps.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw refused(`two build steps are called ${JSON.stringify(twice)}: give one another name`);
}

/** Relative to the project, posix; empty for the project itself. */
function folderBelow(folder: string, key: string): string {
  const path = posix.normalize(folder.replaceAll("\\", "/")).replace(/\/$/, "");
  if (path.startsWith("/") || /^[a-z]:/i.test(path) || path === ".." || path.startsWith("../"))
    throw refused(`${key} must be a folder of the project, not ${folder}`);
  return path === "." ? "" : path;
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
