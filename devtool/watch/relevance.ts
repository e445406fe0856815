import { posix, relative } from "node:path";
import type { Project } from "../config/project.ts";
import type { Filter } from "../ignore/filter.ts";
import { toBytes } from "../paths/bytes.ts";
import { withSlashes } from "../paths/slashes.ts";

/** Temporary files that editors create while they save. */
const EDITORS_OWN =
  /(^|\/)(\.#[^/]*|#[^/]*#|[^/]*~|\.[^/]*\.sw[a-z]|4913|[^/]*___jb_(tmp|old)___|\.goutputstream-[^/]*)$/;

/** Which of a project's files the loop looks at. Paths are relative to the project, posix, as bytes. */
export class Relevance {
  readonly #outdir: string | undefined;
  readonly #buildFolders: readonly string[];
  /** What says what the program is started with: the configuration's files and its envFile, sent or not. */
  readonly #configFiles: ReadonlySet<string>;
  readonly #sent: Filter;
  readonly #unignored: Filter;
  readonly #inputs = new Set<string>();
  /** Folders of the inputs, none below another. */
  #sources: readonly string[] = [];
  #covered: readonly string[];

  /** Folders to watch regardless of what the bundle is made of. */
  readonly alwaysWatched: readonly string[];

  /** `sent` selects what is sent to the target; `unignored` all that git does not ignore, whether it is sent or not. */
  constructor(
    { bundle, steps, root, config, envFile }: Pick<Project, "bundle" | "steps" | "root" | "config" | "envFile">,
    sent: Filter,
    unignored: Filter,
  ) {
    this.#outdir = bundle && toBytes(bundle.outdir);
    const folders = steps.flat().map(({ folder }) => toBytes(folder));
    this.#buildFolders = [...new Set(folders)].filter((folder) => folder !== "");
    const configFiles = [...config.parts, ...(envFile === undefined ? [] : [envFile])];
    this.#configFiles = new Set(configFiles.map((file) => toBytes(withSlashes(relative(root, file)))));
    this.#sent = sent;
    this.#unignored = unignored;
    this.#covered = this.#buildFolders;
    // The configuration is in the project's own folder; what is sent may be anywhere in it.
    this.alwaysWatched = [...this.#buildFolders, "."];
  }

  /**
   * Adds what the bundle was made of; returns the folders to watch for it that are not watched yet. The project's own
   * folder does not count as watched: prunes() may have left out of it what is a source now.
   */
  cover(inputs: readonly string[]): string[] {
    for (const path of inputs) this.#inputs.add(path);
    this.#sources = topmost([...this.#sources, ...inputs.map((path) => posix.dirname(path))]);
    const fresh = this.#sources.filter((folder) => !this.#covered.some((other) => within(other, folder)));
    this.#covered = [...this.#covered, ...fresh];
    return fresh;
  }

  /** Whether a path is sent to the target. What is gone may have been a file or a directory. */
  isSent(path: string): boolean {
    return this.#sent.isSelected(path);
  }

  /** Whether only build steps read it: the folder of one does not count as a source of the bundle. */
  isBuildInput(path: string): boolean {
    return this.#buildFolders.some((folder) => within(folder, path));
  }

  /** Whether a change of a path calls for a round. */
  matters(path: string): boolean {
    if (this.#isOutput(path)) return false;
    if (this.#configFiles.has(path) || posix.basename(path) === ".gitignore") return true;
    return this.isSent(path) || (!this.isBuildInput(path) && this.#isSource(path));
  }

  /** Whether nothing below a directory can matter. */
  prunes(path: string): boolean {
    if (this.#isOutput(path)) return true;
    if ([...this.#configFiles].some((file) => within(path, file))) return false;
    return this.#sent.prunes(path) && (this.isBuildInput(path) || !this.#leadsToSource(path));
  }

  #isOutput(path: string): boolean {
    return this.#outdir !== undefined && within(this.#outdir, path);
  }

  /** Also a file next to the bundle's inputs: an import may have been waiting for it. */
  #isSource(path: string): boolean {
    if (this.#inputs.has(path)) return true;
    if (!this.#sources.some((folder) => within(folder, path))) return false;
    return !EDITORS_OWN.test(path) && this.#unignored.includes(path, false);
  }

  #leadsToSource(folder: string): boolean {
    return this.#sources.some(
      (source) => within(folder, source) || (within(source, folder) && !this.#unignored.prunes(folder)),
    );
  }
}

function topmost(folders: readonly string[]): string[] {
  const unique = [...new Set(folders)];
  return unique.filter((folder) => !unique.some((other) => other !== folder && within(other, folder)));
}

function within(folder: string, path: string): boolean {
  return folder === "." ? !path.startsWith("../") : path === folder || path.startsWith(`${folder}/`);
}
