import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { withAncestors } from "../paths/ancestors.ts";

/** What git knows about the project: which files say what is ignored besides the .gitignore files, and how. */
export interface Repository {
  /** The absolute path of the working tree's top folder. */
  readonly top: string;
  /** Absolute paths; lines of a later file decide before those of an earlier one. */
  readonly excludeFiles: readonly string[];
  readonly ignoreCase: boolean;
  /** What git tracks although a line ignores it, and so does not ignore: bytes, relative to the project. */
  readonly tracked: readonly string[];
  /** On Windows, which has no such mode: of what git tracks, the executable files: bytes, relative to the project. */
  readonly executable: readonly string[];
  /** Folders that are repositories of their own, whose files this one's rules do not concern: the same. */
  readonly submodules: readonly string[];
  /** Why git does not say what it tracks, a sentence. */
  readonly problem: string | undefined;
  /** The absolute path of the file that says what git tracks. */
  readonly index: string;
  /** Those of git's configuration, or where they would be: absolute paths. */
  readonly configFiles: readonly string[];
}

const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

/** Asks git, which knows its configuration best; where it can't be asked, its defaults. undefined: no repository. */
export async function repositoryOf(
  root: string,
  platform: NodeJS.Platform = process.platform,
): Promise<Repository | undefined> {
  const top = topOf(root);
  if (top === undefined) return undefined;
  let problem: string | undefined;
  const git = async (...args: string[]) => {
    const ran = await runGit(["-C", root, ...args]);
    problem ??= ran.problem;
    return ran.stdout;
  };
  const wantsStages = platform === "win32" || existsSync(join(top, ".gitmodules"));
  const [places, origins, excludesFile, ignoreCase, tracked, staged] = await Promise.all([
    git("rev-parse", "--show-toplevel", ...["info/exclude", "index", "config"].flatMap((name) => ["--git-path", name])),
    git("config", "--list", "--name-only", "--show-origin", "-z"),
    git("config", "--type=path", "--get", "core.excludesFile"),
    git("config", "--type=bool", "--get", "core.ignoreCase"),
    git("ls-files", "-z", "--cached", "--ignored", "--exclude-standard"),
    wantsStages ? git("ls-files", "-z", "--stage") : "",
  ]);
  const [gitTop, exclude, index, config] = places?.trimEnd().split("\n").map(fromBytes) ?? [];
  const named = fromBytes(excludesFile ?? "").replace(/\n$/, "");
  return {
    top: gitTop ?? top,
    excludeFiles: [
      named === "" ? defaultExcludesFile() : resolve(root, named),
      resolve(root, exclude ?? join(top, ".git/info/exclude")),
    ],
    index: resolve(root, index ?? join(top, ".git/index")),
    configFiles: [
      resolve(root, config ?? join(top, ".git/config")),
      ...globalConfigFiles(),
      ...namedIn(origins ?? "").map((path) => resolve(gitTop ?? top, path)),
    ],
    ignoreCase: ignoreCase?.trim() === "true",
    executable: platform === "win32" ? pathsIn(staged, EXECUTABLE) : [],
    submodules: pathsIn(staged, SUBMODULE),
    problem,
    tracked: (tracked ?? "").split("\0").filter((path) => path !== ""),
  };
}

/** Mode, object, stage and path. */
const EXECUTABLE = /^100755 \S+ \d\t(.*)$/s;
const SUBMODULE = /^160000 \S+ \d\t(.*)$/s;

function pathsIn(staged: string | undefined, line: RegExp): string[] {
  return (staged ?? "").split("\0").flatMap((text) => line.exec(text)?.[1] ?? []);
}

/** The repository of a submodule; undefined where it is not checked out. */
export async function submoduleOf(folder: string): Promise<Repository | undefined> {
  return existsSync(join(folder, ".git")) ? await repositoryOf(folder) : undefined;
}

/** The nearest folder with a .git: a folder, or a file in a submodule or another working tree. */
function topOf(root: string): string | undefined {
  return withAncestors(root).find((folder) => existsSync(join(folder, ".git")));
}

/** What a folder without a repository, or one above it, gets by git init. */
export function repositoriesToCome(root: string): string[] {
  return withAncestors(root).map((folder) => join(folder, ".git"));
}

function defaultExcludesFile(): string {
  return join(configHome(), "git/ignore");
}

function globalConfigFiles(): string[] {
  const named = process.env["GIT_CONFIG_GLOBAL"];
  return named ? [resolve(named)] : [join(homedir(), ".gitconfig"), join(configHome(), "git/config")];
}

/** git/path.c:xdg_config_home. */
function configHome(): string {
  return process.env["XDG_CONFIG_HOME"] || join(homedir(), ".config");
}

/** Once each, of `file:PATH` and a name in turn. */
function namedIn(origins: string): string[] {
  const named = origins.split("\0").flatMap((one) => /^file:(.+)$/s.exec(one)?.[1] ?? []);
  return [...new Set(named.map(fromBytes))];
}

/** Variables by which git takes another repository for the project's, as those of a hook. */
const OTHER_REPOSITORY = ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX"];

/** What git prints, a code unit for each byte; undefined where it is not installed or fails, which may be a problem. */
async function runGit(args: readonly string[]): Promise<{ stdout?: string; problem?: string | undefined }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OTHER_REPOSITORY.includes(name)));
  const options = { encoding: "latin1", maxBuffer: OUTPUT_BYTES_MAX, env: { ...env, LC_ALL: "C" } } as const;
  try {
    return { stdout: (await promisify(execFile)("git", args, options)).stdout };
  } catch (error) {
    return { problem: refusal(error instanceof Error && "stderr" in error ? fromBytes(String(error.stderr)) : "") };
  }
}

/** Why git refuses, for example because the repository belongs to another user; undefined where only a setting or the repository is missing. */
function refusal(errors: string): string | undefined {
  const why = /^fatal: (?!not a git repository)(.*)/m.exec(errors)?.[1];
  const remedy = /^\s+(git config .*)/m.exec(errors)?.[1];
  const lost = "so what it tracks is not sent where an ignore file names it";
  return why && `git says: ${why}; ${lost}${remedy === undefined ? "" : `; to mend it: ${remedy}`}`;
}

function fromBytes(text: string): string {
  return Buffer.from(text, "latin1").toString();
}
