import { posix } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { reloadProject } from "../../config/project.ts";
import { statsAt } from "../../paths/stats.ts";
import type { ChangeSet } from "../../watch/watch.ts";
import { changedWorkspace, openWorkspace, type ProjectFiles, readProjectFiles, type Workspace } from "./workspace.ts";

/**
 * Notices when what says what belongs to the project, or what its program is started with, has been edited: the
 * configuration, its envFile, and ignore files, also those outside the project, which are not watched.
 */
export class Refresher {
  #config: string;
  #environment: string;
  #outer: string;
  readonly #tell: (notice: string) => void;

  /** `tell`: of what was edited and is used by the next session only. */
  constructor({ project, files }: Workspace, tell: (notice: string) => void) {
    this.#tell = tell;
    this.#config = statesOf(project.config.parts);
    this.#environment = environmentOf(project);
    this.#outer = statesOf(files.outerFiles);
  }

  /**
   * Returns the workspace to go on with, the same one where nothing of it has changed. What fails is not tried again
   * until it is edited. @throws Failure
   */
  async refresh(workspace: Workspace, { paths }: ChangeSet): Promise<Workspace> {
    const { project, files } = workspace;
    const [config, outer] = [statesOf(project.config.parts), statesOf(files.outerFiles)];
    const [isConfigured, isOutdated] = [config === this.#config, outer !== this.#outer];
    const environment = environmentOf(project);
    const hasSameEnvironment = environment === this.#environment;
    [this.#config, this.#environment, this.#outer] = [config, environment, outer];
    if (!isConfigured) return await this.#reopen(workspace);
    const isIgnoreFile = paths === null || paths.some((path) => posix.basename(path) === ".gitignore");
    const current = isIgnoreFile || isOutdated ? await readProjectFiles(project) : files;
    return hasSameEnvironment && isSame(current, files) ? workspace : changedWorkspace(workspace, current);
  }

  async #reopen(workspace: Workspace): Promise<Workspace> {
    const reopened = await openWorkspace(await reloadProject(workspace.project));
    for (const { of, what } of OF_SESSION)
      if (!isDeepStrictEqual(of(reopened.project), of(workspace.project)))
        this.#tell(`${what} once devtool watch is started again`);
    this.#config = statesOf(reopened.project.config.parts);
    this.#environment = environmentOf(reopened.project);
    await workspace.bundler?.dispose();
    return reopened;
  }
}

function isSame(a: ProjectFiles, b: ProjectFiles): boolean {
  const parts = ({ digest, problems, executable }: ProjectFiles) => ({ digest, problems, executable });
  return isDeepStrictEqual(parts(a), parts(b));
}

/** What a session has only one of. */
const OF_SESSION: readonly { readonly of: (project: Workspace["project"]) => unknown; readonly what: string }[] = [
  { of: ({ target, targets }) => ({ target, targets }), what: "another target is used" },
  { of: ({ ports }) => ports, what: "other ports are forwarded" },
];

function environmentOf({ envFile }: Workspace["project"]): string {
  return statesOf(envFile === undefined ? [] : [envFile]);
}

/** Another text once a file was written, replaced, added or removed. */
function statesOf(files: readonly string[]): string {
  const states = files.map((file) => {
    const stat = statsAt(file);
    // The times of a named pipe are those of its writers and readers.
    return stat && (stat.isFIFO() ? [stat.ino] : [stat.ino, stat.size, stat.mtimeMs, stat.ctimeMs]);
  });
  return JSON.stringify(states);
}
