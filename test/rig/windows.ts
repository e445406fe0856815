import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { cp, mkdir, readdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Scope, temporaryDirectory } from "./host.ts";
import { endMarked } from "./marked.ts";

const WINE = "/usr/lib/wine/wine64";
const REPOSITORY = join(import.meta.dirname, "../..");

/** What this machine lacks to run Node.js for Windows. */
export function lacksWindows(): string | undefined {
  const programs = [WINE, "x86_64-w64-mingw32-gcc"];
  return programs.find((program) => spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0);
}

/** Node.js for Windows, under wine. What it starts ends with `scope`. */
export interface Windows {
  /** Starts a script, its path one of this machine, with arguments as they are. */
  start(script: string, args: readonly string[], options: { readonly cwd: string }): WindowsProgram;
}

export interface WindowsProgram {
  /** Without stderr. */
  readonly child: ChildProcess;
  /** What it has printed on standard error. */
  errors(): string;
}

/** A path of this machine as Windows has it. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

export async function openWindows(scope: Scope): Promise<Windows> {
  const { stdout } = await promisify(execFile)("bash", [join(import.meta.dirname, "windows/make.sh")], {
    cwd: REPOSITORY,
  });
  const made = stdout.trim();
  // A process of Windows is no child of the one that started it.
  const mark = randomUUID();
  scope.after(() => endMarked(mark));
  const folder = await temporaryDirectory(scope);
  const env = {
    ...process.env,
    TINYDOCKER_TEST_MARK: mark,
    LOCALAPPDATA: windowsPath(join(folder, "cache")),
    // wine's server leaves a folder there.
    TMPDIR: folder,
    WINEPREFIX: await prefixIn(folder, join(made, "prefix")),
    WINEARCH: "win64",
    WINEDEBUG: "-all",
    DISPLAY: "",
    NODE_OPTIONS: `--require=${windowsPath(join(import.meta.dirname, "windows/keep-alive.cjs")).replaceAll("\\", "/")}`,
    ESBUILD_BINARY_PATH: windowsPath(`${made}/esbuild.exe`),
  };
  let started = 0;
  return {
    start: (script, args, { cwd }) => {
      // Not a pipe: wine's own processes inherit it from the one that starts them, and it would not be closed before they end.
      const file = join(folder, `errors-${started++}`);
      const errors = openSync(file, "w");
      const words = [`${made}/bridge.exe`, windowsPath(`${made}/node.exe`), windowsPath(script), ...args];
      const child = spawn(WINE, words, { cwd, env, stdio: ["pipe", "pipe", errors] });
      closeSync(errors);
      return { child, errors: () => readFileSync(file, "utf8") };
    },
  };
}

/** The same Windows with a registry, and so a server, of its own: another test's may end at any time. */
async function prefixIn(folder: string, made: string): Promise<string> {
  const prefix = join(folder, "prefix");
  await mkdir(prefix);
  for (const name of await readdir(made))
    if (name === "drive_c") await symlink(join(made, name), join(prefix, name));
    else await cp(join(made, name), join(prefix, name), { recursive: true, verbatimSymlinks: true });
  return prefix;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function ended({ child, errors }: WindowsProgram): Promise<Ended> {
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stdin?.end();
  const [code] = await once(child, "close");
  return { code: code as number | null, stdout, stderr: errors() };
}
