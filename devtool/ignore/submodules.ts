import { join } from "node:path";
import { joinPath, toText } from "../paths/bytes.ts";
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
}

/** The lines around a submodule do not concern what is in it: git asks its own files alone. Call it before the .gitignore files are read. */
export async function addSubmodules(
  rules: IgnoreRules,
  root: string,
  repository: Repository | undefined,
  folder = "",
): Promise<Submodules> {
  const found: Submodules = { tracked: [], problems: [], outerFiles: [] };
  for (const path of repository?.submodules ?? []) {
    const inside = await addSubmodule(rules, root, joinPath(folder, path));
    for (const key of ["tracked", "problems", "outerFiles"] as const) found[key].push(...inside[key]);
  }
  if (repository?.problem !== undefined) found.problems.push(repository.problem);
  return found;
}

async function addSubmodule(rules: IgnoreRules, root: string, folder: string): Promise<Submodules> {
  const repository = await submoduleOf(join(root, toText(folder)));
  if (repository === undefined) return { tracked: [], problems: [], outerFiles: [] };
  rules.addFolder(
    folder,
    parseLines(["!*", EXCLUDED_UNLESS_NAMED], () => "devtool's default", rules.ignoreCase),
  );
  const problems: string[] = [];
  for (const path of repository.excludeFiles) {
    const lines = parseIgnoreFile(readOuterFile(path) ?? Buffer.of(), path, rules.ignoreCase);
    rules.addFolder(folder, lines);
    problems.push(...lines.problems);
  }
  const inside = await addSubmodules(rules, root, repository, folder);
  return {
    tracked: [...repository.tracked.map((path) => joinPath(folder, path)), ...inside.tracked],
    problems: [...problems, ...inside.problems],
    outerFiles: [...repository.excludeFiles, repository.index, ...inside.outerFiles],
  };
}
