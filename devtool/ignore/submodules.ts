import { join, resolve } from "node:path";
import { joinPath, toText } from "../paths/bytes.ts";
import { realPathOf } from "../paths/stats.ts";
import { EXCLUDED_UNLESS_NAMED } from "./filter.ts";
import { readOuterFile } from "./ignore-file.ts";
import { parseIgnoreFile, parseLines } from "./lines.ts";
import { type Repository, submoduleOf } from "./repository.ts";
import type { IgnoreRules } from "./rules.ts";

/** What was found in the submodules of a project. */
interface Submodules {
  /** What git tracks there although a line ignores it: bytes, relative to the project. */
  readonly tracked: string[];
  readonly problems: string[];
  /** The files that this was read from, or would be if they existed: absolute paths. */
  readonly outerFiles: string[];
  /** The submodules: the same. */
  readonly folders: string[];
}

/** In each of a submodule's lists. */
const LISTS = ["tracked", "problems", "outerFiles", "folders"] as const;

/** The lines around a submodule do not concern what is in it: git asks its own files alone. Call it before the .gitignore files are read. */
export async function addSubmodules(
  rules: IgnoreRules,
  root: string,
  repository: Repository | undefined,
  folder = "",
): Promise<Submodules> {
  const found: Submodules = { tracked: [], problems: [], outerFiles: [], folders: [] };
  for (const path of repository?.submodules ?? []) {
    const inside = await addSubmodule(rules, root, joinPath(folder, path));
    for (const key of LISTS) found[key].push(...inside[key]);
  }
  if (repository?.problem !== undefined) found.problems.push(repository.problem);
  return found;
}

async function addSubmodule(rules: IgnoreRules, root: string, folder: string): Promise<Submodules> {
  const repository = await submoduleOf(join(root, toText(folder)));
  if (repository === undefined) return { tracked: [], problems: [], outerFiles: [], folders: [] };
  rules.addFolder(
    folder,
    parseLines(["!*", EXCLUDED_UNLESS_NAMED], () => "devtool's default", rules.ignoreCase),
  );
  const problems = addExcludeFiles(rules, folder, repository);
  const inside = await addSubmodules(rules, root, repository, folder);
  return {
    tracked: [...repository.tracked.map((path) => joinPath(folder, path)), ...inside.tracked],
    problems: [...problems, ...inside.problems],
    outerFiles: [...repository.excludeFiles, repository.index, ...inside.outerFiles],
    folders: [folder, ...inside.folders],
  };
}

/** A repository in the project that is no submodule of it, as a clone or another working tree: the lines around it hold too. */
export async function addNested(
  rules: IgnoreRules,
  root: string,
  folder: string,
): Promise<Pick<Submodules, "problems" | "outerFiles">> {
  const place = join(root, toText(folder));
  const repository = await submoduleOf(place);
  // A .git that git does not know as one does not count.
  if (repository === undefined || resolve(repository.top) !== realPathOf(place))
    return { problems: [], outerFiles: [] };
  return { problems: addExcludeFiles(rules, folder, repository), outerFiles: [...repository.excludeFiles] };
}

function addExcludeFiles(rules: IgnoreRules, folder: string, { excludeFiles }: Repository): string[] {
  return excludeFiles.flatMap((path) => {
    const lines = parseIgnoreFile(readOuterFile(path) ?? Buffer.of(), path, rules.ignoreCase);
    rules.addFolder(folder, lines);
    return lines.problems;
  });
}
