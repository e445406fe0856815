import { readdirSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fromSystem, joinPath, localPath, shownName, toBytes } from "../paths/bytes.ts";
import { withSlashes } from "../paths/slashes.ts";
import { linkStatsAt } from "../paths/stats.ts";
import { residuals } from "./automaton.ts";
import { addDefaults, addExcludes, type Patterns } from "./filter.ts";
import { readOuterFile, readOwnFile } from "./ignore-file.ts";
import { type Line, parseIgnoreFile } from "./lines.ts";
import { type Repository, repositoriesToCome, repositoryOf } from "./repository.ts";
import { ALWAYS_EXCLUDED, IgnoreRules } from "./rules.ts";
import { addNested, addSubmodules } from "./submodules.ts";
import { namedPaths, unignore } from "./unignore.ts";
import { UnsentIncludes } from "./unsent-includes.ts";

/** git's ignore rules and the configuration's, as they are now. */
export interface ReadRules {
  readonly rules: IgnoreRules;
  /** What git records as executable: paths as bytes. */
  readonly executable: readonly string[];
  /** What is wrong with the ignore files and with what the configuration includes, a sentence each. */
  readonly problems: readonly string[];
  /** The files outside the project that this was read from, or would be if they existed: absolute paths. */
  readonly outerFiles: readonly string[];
  /** The absolute path of the file that says what git tracks. */
  readonly index: string | undefined;
}

const NAME = ".gitignore";
/** Number of folders to read before other work of this process gets a turn. */
const FOLDERS_PER_TURN = 100;

/**
 * Reads every file that git reads: each .gitignore of the project that is not below an ignored folder, those of the
 * folders above it up to the repository's top, $GIT_DIR/info/exclude and core.excludesFile. A folder without a
 * repository has its own .gitignore files, and so has a submodule. What the configuration names, or git tracks, is not ignored.
 * @throws Failure where one can't be read: what it keeps here is not known
 */
export async function readRules(
  root: string,
  { include = [], written = include, exclude = [] }: Patterns,
): Promise<ReadRules> {
  const repository = await repositoryOf(root);
  const rules = new IgnoreRules(repository?.ignoreCase ?? false);
  const problems: string[] = [];
  addDefaults(rules);
  const outerFiles = repository === undefined ? [] : outerFilesOf(repository, root);
  for (const file of outerFiles) problems.push(...addOuterFile(rules, root, file));
  const inner = await addSubmodules(rules, root, repository);
  problems.push(...inner.problems);
  const outerPaths = [...outerFiles.map(({ path }) => path), ...inner.outerFiles];
  const folders = new Set<string>();
  const readFolder = (folder: string) => {
    if (folders.has(folder)) return;
    folders.add(folder);
    problems.push(...addFolder(rules, root, folder));
  };
  const isDirectory = (path: string) => linkStatsAt(localPath(root, path))?.isDirectory() === true;
  for (const path of [...(repository?.tracked ?? []), ...inner.tracked, ...namedPaths(include)]) {
    unignore(rules, path, { readFolder, isDirectory });
  }
  addExcludes(rules, exclude);
  const unsent = new UnsentIncludes(written, rules);
  const readRepository = async (folder: string) => {
    if (folder === "" || inner.folders.includes(folder)) return;
    const nested = await addNested(rules, root, folder);
    problems.push(...nested.problems);
    outerPaths.push(...nested.outerFiles);
  };
  const onEntry = (path: string, isDirectory: boolean) => unsent.check(path, isDirectory);
  await readBelow(root, rules, { readFolder, readRepository, onEntry });
  problems.push(...unsent.problems);
  const others = repository ? [repository.index, ...repository.configFiles] : repositoriesToCome(root);
  const executable = repository?.executable ?? [];
  const { index } = repository ?? {};
  return { rules, executable, problems: [...new Set(problems)], outerFiles: [...outerPaths, ...others], index };
}

interface OuterFile {
  readonly path: string;
  /** The absolute path of the folder its lines are relative to. */
  readonly folder: string;
}

/** Those that decide last come first. */
function outerFilesOf({ top, excludeFiles }: Repository, root: string): OuterFile[] {
  const files = excludeFiles.map((path) => ({ path, folder: top }));
  const between = relative(top, root).split(sep);
  const above = relative(top, root) === "" ? [] : between.map((_, at) => join(top, ...between.slice(0, at)));
  return [...files, ...above.map((folder) => ({ path: join(folder, NAME), folder }))];
}

function addOuterFile(rules: IgnoreRules, root: string, { path, folder }: OuterFile): readonly string[] {
  const content = readOuterFile(path);
  if (content === undefined) return [];
  const { lines, problems } = parseIgnoreFile(content, path, rules.ignoreCase);
  const inner = toBytes(withSlashes(relative(folder, root)));
  rules.addBelow({ lines: inner === "" ? lines : lines.flatMap((line) => relativeTo(line, `${inner}/`)) });
  return problems;
}

/** What a line of a folder above the project says about what is in the project, whose path there is `prefix`. */
function relativeTo(line: Line, prefix: string): Line[] {
  if (!line.anchored) return [line];
  return residuals(line.tokens, prefix)
    .filter(({ length }) => length > 0)
    .map((tokens) => ({ ...line, tokens }));
}

function addFolder(rules: IgnoreRules, root: string, folder: string): readonly string[] {
  const path = joinPath(folder, NAME);
  const read = readOwnFile(localPath(root, path), shownName(path));
  if (read === undefined) return [];
  if ("problem" in read) return [read.problem];
  const { lines, problems } = parseIgnoreFile(read.content, shownName(path), rules.ignoreCase);
  rules.addFolder(folder, { lines });
  return problems;
}

interface Readers {
  /** Reads its .gitignore. */
  readonly readFolder: (folder: string) => void;
  readonly readRepository: (folder: string) => Promise<void>;
  readonly onEntry: (path: string, isDirectory: boolean) => void;
}

/** The .gitignore files and repositories of all folders that are not ignored; calls `onEntry` for what is in these folders. */
async function readBelow(
  root: string,
  rules: IgnoreRules,
  { readFolder, readRepository, onEntry }: Readers,
): Promise<void> {
  const waiting = [""];
  for (let count = 1; ; count++) {
    const folder = waiting.pop();
    if (folder === undefined) return;
    if (count % FOLDERS_PER_TURN === 0) await setImmediate();
    const entries = entriesOf(root, folder);
    if (entries.some(({ name }) => name === ".git")) await readRepository(folder);
    if (entries.some(({ name }) => name === NAME)) readFolder(folder);
    for (const entry of entries) {
      const path = joinPath(folder, fromSystem(entry.name));
      onEntry(path, entry.isDirectory());
      if (!entry.isDirectory() || ALWAYS_EXCLUDED.includes(entry.name)) continue;
      if (rules.ignoredBy(path, true) === undefined) waiting.push(path);
    }
  }
}

/** None for a folder that has vanished or can't be read: sync reports it. */
function entriesOf(root: string, folder: string) {
  try {
    return readdirSync(localPath(root, folder), { withFileTypes: true, encoding: "latin1" });
  } catch {
    return [];
  }
}
