import { randomBytes } from "node:crypto";
import { readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LIBRARY, RUNS_NOTHING } from "../../protocol/library.ts";

/** Above all that Node.js opens before its program, whose descriptors are the same with it and without. */
export const CONTROL_FD = 100;

/** Every user may read it: a program's worker threads load it too, also once the program has become another user. */
const FOLDER = "/tmp";
const NAME = /^devtool-(\d+)-[0-9a-f]{16}\.cjs$/;

/** The file by which a Node.js that was started ahead waits before its program. */
export class Preload {
  #file: string | undefined;

  /** @throws where it can't be written */
  get file(): string {
    this.#file ??= create();
    return this.#file;
  }

  remove(): void {
    if (this.#file) rmSync(this.#file, { force: true });
  }
}

function create(): string {
  sweep();
  const file = join(FOLDER, `devtool-${process.pid}-${randomBytes(8).toString("hex")}.cjs`);
  const library = JSON.stringify({ name: LIBRARY, mark: RUNS_NOTHING });
  const text = `(${wait})(require, __filename, ${CONTROL_FD}, () => (${loadAhead})(require, ${library}));\n`;
  writeFileSync(file, text, { flag: "wx", mode: 0o644 });
  return file;
}

/** Removes those of agents that were killed. */
function sweep(): void {
  for (const name of readdirSync(FOLDER)) {
    const pid = NAME.exec(name)?.[1];
    if (pid !== undefined && isOwn(name) && !isAlive(Number(pid))) rmSync(join(FOLDER, name), { force: true });
  }
}

function isOwn(name: string): boolean {
  return statSync(join(FOLDER, name), { throwIfNoEntry: false })?.uid === process.getuid?.();
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** NODE_OPTIONS that preload `file` before what they had. */
export function preloading(file: string, options: string | undefined): string {
  return options === undefined ? `--require=${file}` : `--require=${file} ${options}`;
}

/**
 * Runs in the waiting process, which is given its text: nothing outside of it can be used. Loads the modules of an incremental
 * bundle that are not the program's own, and has V8 compile them, which takes longer than most else that a program does to
 * begin. Returns a function that takes back what has been replaced since.
 */
function loadAhead(require: NodeJS.Require, { name, mark }: { readonly name: string; readonly mark: string }) {
  const { readFileSync, statSync } = require("node:fs") as typeof import("node:fs");
  const { dirname, extname, join } = require("node:path") as typeof import("node:path");
  const { setFlagsFromString } = require("node:v8") as typeof import("node:v8");
  const [, program = ""] = process.argv;
  const library = join(dirname(program), name + extname(program));
  const stampOf = () => {
    const { ino, size, mtimeMs } = statSync(library, { throwIfNoEntry: false }) ?? {};
    return [ino, size, mtimeMs].join();
  };
  const before = stampOf();
  let loaded = "";
  try {
    if (!readFileSync(library, "utf8").startsWith(mark)) return () => {};
    setFlagsFromString("--no-lazy");
    require(library);
    loaded = require.resolve(library);
  } catch {
    // There is no such file, or one that can't be loaded: the program itself then gets the error.
  } finally {
    setFlagsFromString("--lazy");
  }
  return () => {
    if (stampOf() !== before) delete require.cache[loaded];
  };
}

/**
 * Runs in the waiting process, which is given its text: nothing outside of it can be used. Takes back what a program
 * could see of it, loads what most programs load, and waits for the working directory to begin in.
 */
function wait(require: NodeJS.Require, file: string, fd: number, load: () => () => void): void {
  delete require.cache[file];
  // A copy: Node.js is going through the list.
  const { _preload_modules: preloaded } = process as unknown as { _preload_modules: readonly string[] };
  const value = preloaded.filter((name) => name !== file);
  Object.defineProperty(process, "_preload_modules", { value, enumerable: true, configurable: true });
  if (!require("node:worker_threads").isMainThread) return;
  const options = process.env["NODE_OPTIONS"]?.slice(`--require=${file}`.length) ?? "";
  if (options === "") delete process.env["NODE_OPTIONS"];
  else process.env["NODE_OPTIONS"] = options.slice(1);
  for (const name of ["child_process", "crypto", "fs/promises", "http", "net", "os", "url"]) require(`node:${name}`);
  // What others preload, or hook in, is to see each module that is loaded.
  const hooks = /--(import|loader|experimental-loader)\b/;
  const isFirst = value.length === 0 && !hooks.test([options, ...process.execArgv].join(" "));
  const takeBack = isFirst ? load() : () => {};
  const { closeSync, readSync, writeSync } = require("node:fs") as typeof import("node:fs");
  const directory = Buffer.alloc(8192);
  const length = readSync(fd, directory);
  if (length === 0) process.kill(process.pid, "SIGKILL"); // the agent has ended
  takeBack();
  process.chdir(directory.toString("utf8", 0, length));
  writeSync(fd, "\n");
  closeSync(fd);
}
