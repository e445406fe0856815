import { createHash } from "node:crypto";
import type { BuildStep } from "../../build/step.ts";
import { createShipper, type Ship } from "../../bundle/addons/addons.ts";
import { type Bundle, type Bundler, createBundler } from "../../bundle/bundle.ts";
import type { Project } from "../../config/project.ts";
import type { ProjectStep } from "../../config/steps.ts";
import { createFilter, type Filter, filterOf } from "../../ignore/filter.ts";
import { readRules } from "../../ignore/read.ts";
import type { Report } from "../../report/events.ts";
import { isEditorsOwn, Relevance } from "../../watch/relevance.ts";
import { besideBundle } from "./beside-bundle.ts";

/** What a project has, whichever targets it is sent to: one for each session, until its configuration changes. */
export interface Workspace {
  readonly project: Project;
  readonly files: ProjectFiles;
  readonly relevance: Relevance;
  /** Which files are executable, where the file system does not record it. Paths are bytes. */
  readonly executable: ((path: string) => boolean) | undefined;
  /** Whether the program may run on after a change of this path, in bytes. */
  readonly keepsRunning: (path: string) => boolean;
  readonly bundler: Bundler | undefined;
  /** Puts the packages that are not bundled beside the bundle. */
  readonly ship: Ship | undefined;
  /** The one on disk; undefined while it is being built, and after a build that failed. */
  bundle: Bundle | undefined;
  /** Groups that are built one after the other, the steps of each side by side. */
  readonly steps: readonly (readonly BuildStep[])[];
}

/** What belongs to the project, by its configuration and by git: decides what is watched, sent and deleted. */
export interface ProjectFiles {
  readonly filter: Filter;
  /** Only by git and `exclude`: an import may name what is not sent. */
  readonly unignored: Filter;
  /** What git records as executable: paths as bytes. */
  readonly executable: readonly string[];
  /** Another one for other patterns. */
  readonly digest: string;
  /** What is wrong with the ignore files, a sentence each. */
  readonly problems: readonly string[];
  /** The ignore files outside the project: absolute paths. */
  readonly outerFiles: readonly string[];
  /** git's, which has a lock beside it while git changes files: an absolute path. */
  readonly index: string | undefined;
}

/** @throws Failure where an ignore file can't be read */
export async function readProjectFiles({ root, sync }: Pick<Project, "root" | "sync">): Promise<ProjectFiles> {
  const { rules, executable, problems, outerFiles, index } = await readRules(root, sync);
  const filter = filterOf(rules, sync.include);
  const patterns = JSON.stringify([filter.excludes, filter.selects]);
  return {
    filter,
    unignored: filterOf(rules, []),
    digest: createHash("sha256").update(patterns).digest("hex"),
    executable,
    problems,
    outerFiles,
    index,
  };
}

/** @throws Failure */
export async function openWorkspace(project: Project): Promise<Workspace> {
  const files = await readProjectFiles(project);
  const bundler = project.bundle && createBundler(project.root, project.bundle, project.isInspected);
  const ship = project.bundle && createShipper((target) => besideBundle(project, target)?.folder ?? "");
  return { ...withFiles(project, files), bundler, ship, bundle: undefined };
}

/** The same with other rules. */
export function changedWorkspace(workspace: Workspace, files: ProjectFiles): Workspace {
  const { project, bundler, ship, bundle } = workspace;
  return { ...withFiles(project, files), bundler, ship, bundle };
}

function withFiles(project: Project, files: ProjectFiles): Omit<Workspace, "bundler" | "ship" | "bundle"> {
  const steps = project.steps.map((group) => group.map((step) => ({ ...step, inputs: inputsOf(step, files.filter) })));
  const isIgnored = selected(project.restart.ignore);
  return {
    project,
    files,
    relevance: new Relevance(project, files.filter, files.unignored),
    executable: process.platform === "win32" ? executableIn(project, files) : undefined,
    keepsRunning: (path) => isEditorsOwn(path) || isIgnored(path),
    steps,
  };
}

/** Which files are executable where the file system does not say: those that git or the configuration does. */
export function executableIn(
  { executable }: Pick<Project, "executable">,
  files: Pick<ProjectFiles, "executable">,
): (path: string) => boolean {
  const [named, recorded] = [selected(executable), new Set(files.executable)];
  return (path) => recorded.has(path) || named(path);
}

function selected(patterns: readonly string[]): (path: string) => boolean {
  const filter = createFilter({ include: patterns });
  return (path) => patterns.length > 0 && filter.isSelected(path);
}

/** Of what is sent: what the step's patterns select, or its folder. */
function inputsOf({ inputs, folder }: ProjectStep, sent: Filter): BuildStep["inputs"] {
  const chosen = createFilter({ include: inputs ?? (folder === "" ? [] : [`/${folder}/`]) });
  return {
    includes: (path, isDirectory) => sent.includes(path, isDirectory) && chosen.includes(path, isDirectory),
    isSelected: (path) => sent.isSelected(path) && chosen.isSelected(path),
  };
}

/** Of the project's files, without those that have been reported. */
export function reportProblems({ files }: Workspace, report: Report, reported: readonly string[] = []): void {
  for (const text of files.problems) if (!reported.includes(text)) report({ event: "notice", text });
}
