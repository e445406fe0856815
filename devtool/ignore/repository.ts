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
  const git = async (...args: string[]) => await output("git", ["-C", root, ...args]);
  const [places, origins, excludesFile, ignoreCase, tracked, staged] = await Promise.all([
    git("rev-parse", "--show-toplevel", ...["info/exclude", "index", "config"].flatMap((name) => ["--git-path", name])),
    git("config", "--list", "--name-only", "--show-origin", "-z"),
    git("config", "--type=path", "--get", "core.excludesFile"),
    git("config", "--type=bool", "--get", "core.ignoreCase"),
    git("ls-files", "-z", "--cached", "--ignored", "--exclude-standard"),
    platform === "win32" ? git("ls-files", "-z", "--stage") : "",
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
    executable: (staged ?? "").split("\0").flatMap((line) => EXECUTABLE.exec(line)?.[1] ?? []),
    tracked: (tracked ?? "").split("\0").filter((path) => path !== ""),
  };
}

/** Mode, object, stage and path. */
const EXECUTABLE = /^100755 \S+ \d\t(.*)$/s;

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

/** What a program prints, a code unit for each byte; undefined where it is not installed or fails. */
async function output(program: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const options = { encoding: "latin1", maxBuffer: OUTPUT_BYTES_MAX } as const;
    return (await promisify(execFile)(program, args, options)).stdout;
  } catch {
    return undefined;
  }
}

function fromBytes(text: string): string {
  return Buffer.from(text, "latin1").toString();
}
