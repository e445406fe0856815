import { posix, relative } from "node:path";
import type { Project } from "../config/project.ts";
import type { Filter } from "../ignore/filter.ts";
import { toBytes } from "../paths/bytes.ts";
import { withSlashes } from "../paths/slashes.ts";

/** Temporary files that editors create while they save. */
const EDITORS_OWN =
  /(^|\/)(\.#[^/]*|#[^/]*#|[^/]*~|\.[^/]*\.sw[a-z]|4913|[^/]*___jb_(tmp|old)___|\.goutputstream-[^/]*)$/;

/** Whether an editor has it beside a file that is open or being saved. */
export function isEditorsOwn(path: string): boolean {
  return EDITORS_OWN.test(path);
}

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
  /** Those of inputs with hidden names, such as what npm and yarn write of an installation: nothing beside these is a source. */
  readonly #withHidden = new Set<string>();
  /** Folders that git ignores and that lead to an input, such as one of generated code. */
  readonly #ignoredSources = new Set<string>();

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
    // The configuration is in the project's own folder; what is sent may be anywhere in it.
    this.alwaysWatched = [...this.#buildFolders, "."];
  }

  /** Adds what the bundle was made of; returns the folders to watch for it that are not watched yet. */
  cover(inputs: readonly string[]): string[] {
    const hidden = foldersOf(inputs.filter(isHidden)).filter((folder) => !this.#withHidden.has(folder));
    const sources = foldersOf(inputs.filter((path) => !isHidden(path)));
    const folders = [...hidden, ...sources];
    const fresh = folders.filter((folder) => !this.#isCovered(folder)).map((folder) => this.#unwatchedTo(folder));
    for (const path of inputs) this.#inputs.add(path);
    for (const folder of hidden) this.#withHidden.add(folder);
    this.#sources = topmost([...this.#sources, ...sources]);
    for (const path of folders.flatMap((folder) => this.#ignoredTo(folder))) this.#ignoredSources.add(path);
    return topmost(fresh);
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
    if (this.#ignoredSources.has(path) || [...this.#configFiles].some((file) => within(path, file))) return false;
    return this.#sent.prunes(path) && (this.isBuildInput(path) || !this.#leadsToSource(path));
  }

  #isOutput(path: string): boolean {
    return this.#outdir !== undefined && within(this.#outdir, path);
  }

  /** Also a file next to the bundle's inputs: an import may have been waiting for it. */
  #isSource(path: string): boolean {
    if (this.#inputs.has(path)) return true;
    if (!this.#sources.some((folder) => within(folder, path))) return false;
    return !isEditorsOwn(path) && this.#unignored.includes(path, false);
  }

  /** The project's own folder does not count: prunes() may have left out of it what is a source now. */
  #isCovered(folder: string): boolean {
    const isBelow = [...this.#buildFolders, ...this.#sources].some((other) => within(other, folder));
    return isBelow && this.#ignoredTo(folder).every((path) => this.#ignoredSources.has(path));
  }

  #ignoredTo(folder: string): string[] {
    return foldersTo(folder).filter((path) => this.#unignored.prunes(path));
  }

  /** What leads to a folder of the project is watched until prunes() leaves it out. */
  #unwatchedTo(folder: string): string {
    return within(".", folder) ? (foldersTo(folder).find((path) => this.prunes(path)) ?? folder) : folder;
  }

  #leadsToSource(folder: string): boolean {
    const isBelow = this.#sources.some((source) => within(source, folder)) && !this.#unignored.prunes(folder);
    return isBelow || [...this.#sources, ...this.#withHidden].some((other) => within(folder, other));
  }
}

function isHidden(path: string): boolean {
  return posix.basename(path).startsWith(".");
}

function foldersOf(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => posix.dirname(path)))];
}

function topmost(folders: readonly string[]): string[] {
  const unique = [...new Set(folders)];
  return unique.filter((folder) => !unique.some((other) => other !== folder && within(other, folder)));
}

/** A folder and those above it, from the top; without what is above the project. */
function foldersTo(folder: string): string[] {
  return folder === "." || posix.basename(folder) === ".." ? [] : [...foldersTo(posix.dirname(folder)), folder];
}

function within(folder: string, path: string): boolean {
  if (folder === path) return true;
  const start = folder === "." ? "" : `${folder}/`;
  return path.startsWith(start) && !/^\.\.(?:\/|$)/.test(path.slice(start.length));
}
