import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Scope } from "./host.ts";

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
  start(script: string, args: readonly string[], options: { readonly cwd: string }): ChildProcess;
}

/** A path of this machine as Windows has it. */
export function windowsPath(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

export async function openWindows(scope: Scope, environment: Readonly<Record<string, string>>): Promise<Windows> {
  const { stdout } = await promisify(execFile)("bash", [join(import.meta.dirname, "windows/make.sh")], {
    cwd: REPOSITORY,
  });
  const made = stdout.trim();
  // A process of Windows is no child of the one that started it: it is known by its environment.
  const mark = `TINYDOCKER_TEST_WINDOWS=${process.pid}`;
  const env = {
    ...process.env,
    ...environment,
    TINYDOCKER_TEST_WINDOWS: String(process.pid),
    // wine leaves a folder there.
    TMPDIR: made,
    WINEPREFIX: `${made}/prefix`,
    WINEARCH: "win64",
    WINEDEBUG: "-all",
    DISPLAY: "",
    NODE_OPTIONS: `--require=${windowsPath(join(import.meta.dirname, "windows/keep-alive.cjs")).replaceAll("\\", "/")}`,
    ESBUILD_BINARY_PATH: windowsPath(`${made}/esbuild.exe`),
  };
  scope.after(() => killMarked(mark));
  return {
    start: (script, args, { cwd }) =>
      spawn(WINE, [`${made}/bridge.exe`, windowsPath(`${made}/node.exe`), windowsPath(script), ...args], { cwd, env }),
  };
}

async function killMarked(mark: string): Promise<void> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    if (Number(pid) !== process.pid && environment.split("\0").includes(mark)) killIfThere(Number(pid));
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function ended(child: ChildProcess): Promise<Ended> {
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
    });
  }
  child.stdin?.end();
  const [code] = await once(child, "close");
  return { code: code as number | null, ...output };
}
