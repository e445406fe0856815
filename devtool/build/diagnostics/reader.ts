import { posix } from "node:path";
import type { Diagnostic } from "../../report/diagnostic.ts";
import { createCmakeReader } from "./cmake.ts";
import { readCompiler } from "./gcc.ts";
import { goFolders, readGo } from "./go.ts";
import { createLinkerReader } from "./linker.ts";
import { createMakeReader, readDirectory } from "./make.ts";
import { createPanicReader } from "./panic.ts";
import { createPythonReader } from "./python.ts";
import { createRustcReader } from "./rustc.ts";
import { type Local, NO_LINE, type ReadLine, type ToolLine } from "./tool-line.ts";
import { readTsc } from "./tsc.ts";

export interface ToolPlace {
  /** The project's absolute path on the target. */
  readonly mirror: string;
  /** Where the tool runs, relative to the project. */
  readonly folder: string;
  /** Whether the project has this file. */
  readonly hasFile: (path: string) => boolean;
}

/**
 * Reads what a build prints, line by line, whichever tools it runs: make, gcc, clang, linkers, cargo, rustc, go, cmake, tsc,
 * Python.
 * Returns undefined for a line that says nothing to the developer.
 */
export function createToolReader({ mirror, folder, hasFile }: ToolPlace): (line: string) => ToolLine | undefined {
  const directories = [posix.join(mirror, folder)];
  let packageFolders: readonly string[] = [];
  const local: Local = (path) => {
    const from = directories.at(-1) ?? mirror;
    // cgo names C files relative to their package, and cargo all to its workspace, which may be above the folder that it was started in.
    const packages = path.endsWith(".go") ? [] : packageFolders.map((name) => posix.join(from, name));
    const bases = [...packages, ...upTo(mirror, from)];
    const candidates = bases.flatMap((base) => below(mirror, posix.resolve(base, path)) ?? []);
    return candidates.find(hasFile) ?? below(mirror, posix.resolve(from, path)) ?? path;
  };
  let errors = 0;
  const make = createMakeReader(() => errors > 0);
  const readers = [
    make,
    createPanicReader(),
    createRustcReader(),
    createCmakeReader(),
    createLinkerReader(hasFile),
    createPythonReader(hasFile),
    readTsc,
    readCompiler,
    readGo,
  ];
  return (line) => {
    const moved = readDirectory(line);
    if (moved?.enters) directories.push(posix.resolve(directories.at(-1) ?? mirror, moved.directory));
    else if (moved && directories.length > 1) directories.pop();
    if (moved) return undefined;
    packageFolders = goFolders(line) ?? packageFolders;
    const read = shortened(firstOf(readers, line, local), mirror);
    if (read.diagnostic?.severity === "error") errors += 1;
    return read.diagnostic ? { ...read, diagnostic: placed(read.diagnostic, hasFile) } : read;
  };
}

/** A file without a line is a place where the project has it: an object file, or the bare name of a source, is none. */
function placed(diagnostic: Diagnostic, hasFile: (path: string) => boolean): Diagnostic {
  const { file, line, text } = diagnostic;
  if (line !== NO_LINE || file === "") return diagnostic;
  if (hasFile(file)) return { ...diagnostic, line: 1, column: 1 };
  return { ...diagnostic, file: "", column: 0, text: `${posix.basename(file)}: ${text}` };
}

/** Without the mirror's path in the middle of the message. */
function shortened({ text, diagnostic }: ToolLine, mirror: string): ToolLine {
  const short = (words: string) => words.replaceAll(`${mirror}/`, "");
  return { text: short(text), ...(diagnostic ? { diagnostic: { ...diagnostic, text: short(diagnostic.text) } } : {}) };
}

/** `path` and the directories above it, up to `root`. */
function upTo(root: string, path: string): string[] {
  return path.startsWith(`${root}/`) ? [path, ...upTo(root, posix.dirname(path))] : [path];
}

/** Relative to `folder`; undefined outside of it. */
function below(folder: string, path: string): string | undefined {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
}

function firstOf(readers: readonly ReadLine[], line: string, local: Local): ToolLine {
  for (const read of readers) {
    const found = read(line, local);
    if (found) return found;
  }
  return { text: line };
}
