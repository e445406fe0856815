import { makeStep } from "../build/make.ts";
import type { BuildStep } from "../build/step.ts";
import { type Bundle, type Bundler, createBundler } from "../bundle/bundle.ts";
import type { Project } from "../config/project.ts";
import { createFilter, type Filter } from "../ignore/filter.ts";
import { Relevance } from "../watch/relevance.ts";

/** What a project has, whichever targets it is sent to: one for each session. */
export interface Workspace {
  readonly project: Project;
  readonly filter: Filter;
  readonly relevance: Relevance;
  /** Which files are executable, where the file system does not record it. */
  readonly executable: ((path: string) => boolean) | undefined;
  readonly bundler: Bundler | undefined;
  /** The one on disk; undefined while it is being built, and after a build that failed. */
  bundle: Bundle | undefined;
  readonly steps: readonly BuildStep[];
}

/** @throws Failure, exit code 2, for a pattern that is not supported */
export function createWorkspace(project: Project): Workspace {
  const filter = createFilter(project.sync);
  const executables = createFilter({ include: project.executable });
  return {
    project,
    filter,
    relevance: new Relevance(project, filter, createFilter({ exclude: project.sync.exclude })),
    executable: process.platform === "win32" ? (path) => executables.includes(path, false) : undefined,
    bundler: project.bundle && createBundler(project.root, project.bundle),
    bundle: undefined,
    steps: project.native ? [makeStep(project.native, filter)] : [],
  };
}
