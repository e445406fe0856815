import { isUtf8 } from "node:buffer";
import type { Stats } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure } from "../failure.ts";
import { errnoOf, errnoWords } from "../process/errno.ts";
import type { Integration } from "./integration.ts";
import { jetbrainsFiles } from "./jetbrains.ts";
import type { EditorFile, Merged } from "./merge.ts";
import { neovimFiles } from "./neovim.ts";
import { vscodeFiles } from "./vscode.ts";
import { zedFiles } from "./zed.ts";

const FILES = { vscode: vscodeFiles, jetbrains: jetbrainsFiles, zed: zedFiles, neovim: neovimFiles } as const;

export type Editor = keyof typeof FILES;

export const EDITORS = Object.keys(FILES) as readonly Editor[];

/**
 * Writes an editor's files of the project, and says what became of each. What someone edited is kept unless `replaces`.
 * @throws Failure, exit code 2, before any is written
 */
export async function writeFor(
  editor: Editor,
  integration: Integration,
  root: string,
  replaces: boolean,
  say: (text: string) => void,
): Promise<void> {
  const files = FILES[editor](integration);
  const merged = await Promise.all(files.map(async (file) => ({ file, ...(await mergeIn(root, file, replaces)) })));
  for (const { file, text, kept } of merged) {
    if (text !== undefined) await write(root, file.path, text);
    if (text !== undefined) say(`wrote ${file.path}`);
    else if (kept.length === 0) say(`${file.path} is up to date`);
    if (kept.length > 0) say(`${file.path}: kept as it was edited: ${kept.join(", ")}; --force replaces it`);
  }
}

async function mergeIn(root: string, file: EditorFile, replaces: boolean): Promise<Merged> {
  try {
    const path = join(root, file.path);
    if (!isReadable(await stat(path))) throw new Error("it is not a regular file");
    const bytes = await readFile(path);
    if (!isUtf8(bytes)) throw new Error("it is not UTF-8");
    return file.merge(bytes.toString(), replaces);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return file.merge(undefined, replaces);
    throw error instanceof Failure ? error : unusable(file.path, "read", error);
  }
}

/** A named pipe or a device may never end. Of a directory, reading it says what it is. */
function isReadable(stats: Stats): boolean {
  return stats.isFile() || stats.isDirectory();
}

async function write(root: string, path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  } catch (error) {
    throw unusable(path, "written", error);
  }
}

function unusable(path: string, what: "read" | "written", cause: unknown): Failure {
  const errno = errnoOf(cause);
  const why = errno === undefined ? (cause as Error).message : errnoWords(errno);
  return new Failure(`${path} can't be ${what}: ${why}`, {
    code: "editor-file-invalid",
    remedy: "check who may read and write it and its folder, and that the disk is not full",
    exitCode: 2,
    cause,
  });
}
