import { type Bundle, type Bundler, createBundler } from "../bundle/bundle.ts";
import type { Project } from "../config/project.ts";
import { createFilter, type Filter } from "../ignore/filter.ts";
import { createScope, type Scope } from "../watch/relevance.ts";

/** What the rounds of one command share. */
export interface Bench {
  readonly project: Project;
  readonly filter: Filter;
  readonly scope: Scope;
  readonly executable: ((path: string) => boolean) | undefined;
  readonly bundler: Bundler | undefined;
  /** What is on disk now, unless a save has come since. */
  bundle: Bundle | undefined;
  /** What the mirror may lack: paths relative to the project, posix, or anything. */
  unsent: Set<string> | "anything";
}

export function createBench(project: Project): Bench {
  const filter = createFilter(project.sync);
  const executables = createFilter({ include: project.executable });
  return {
    project,
    filter,
    scope: createScope(project, filter, createFilter({ exclude: project.sync.exclude })),
    // Everywhere else the file system tells.
    executable: process.platform === "win32" ? (path) => executables.includes(path, false) : undefined,
    bundler: project.bundle && createBundler(project.root, project.bundle),
    bundle: undefined,
    unsent: "anything",
  };
}

/** Keeps in mind what is to be sent, until a sync has done it: rounds may be given up before. */
export function noteUnsent(bench: Bench, paths: readonly string[] | null): void {
  if (paths === null) bench.unsent = "anything";
  if (paths === null || bench.unsent === "anything") return;
  for (const path of paths) if (bench.scope.isSent(path)) bench.unsent.add(path);
}
