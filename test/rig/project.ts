import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Scope, temporaryDirectory } from "./host.ts";

const REPOSITORY = join(import.meta.dirname, "../..");

export interface Ended {
  /** 128 + n for signal n, as a shell reports it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process whose output can be waited for. */
export interface Running {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves to the output of `stream` once it matches; rejects if the process ends before. */
  prints(pattern: RegExp, stream?: "stdout" | "stderr"): Promise<string>;
  readonly ended: Promise<Ended>;
}

/** A copy of this project that a test may edit, with its configuration overridden; gone after the test. */
export async function projectCopy(scope: Scope, override: object): Promise<string> {
  const project = join(await temporaryDirectory(scope), "project");
  for (const part of [
    "runtime",
    "native",
    "vagrant",
    "Vagrantfile",
    "package.json",
    "tsconfig.json",
    ".gitignore",
    "devtool.config.ts",
  ]) {
    const filter = (path: string) => !path.endsWith("native/build");
    await cp(join(REPOSITORY, part), join(project, part), { recursive: true, filter });
  }
  for (const made of ["node_modules", "dist"]) await symlink(join(REPOSITORY, made), join(project, made));
  await rename(join(project, "devtool.config.ts"), join(project, "original.config.ts"));
  await configure(project, override);
  return project;
}

/** Writes the configuration of a copy of the project: the original's, overridden. */
export async function configure(project: string, override: object): Promise<void> {
  const text = `import original from "./original.config.ts";\nexport default { ...original, ...${JSON.stringify(override)} };\n`;
  await writeFile(join(project, "devtool.config.ts"), text);
}

/** argv of the devtool that `npm ci` built. */
export function devtoolArgv(args: readonly string[]): string[] {
  return [process.execPath, join(REPOSITORY, "dist/devtool.cjs"), ...args];
}

export function start([program = "", ...args]: readonly string[], options: { cwd: string }): Running {
  const child = spawn(program, args, options);
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
    });
  }
  const ended = once(child, "close").then(() => ({ code: exitCode(child), ...output }));
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const prints = async (pattern: RegExp, stream: "stdout" | "stderr" = "stdout") => {
    while (!pattern.test(output[stream])) {
      if (isOver) throw new Error(`ended before printing ${pattern}: ${JSON.stringify(await ended)}`);
      await Promise.race([once(child[stream], "data"), ended]);
    }
    return output[stream];
  };
  return { child, prints, ended };
}

/** Runs it to its end. */
export async function run(argv: readonly string[], options: { cwd: string; input?: string }): Promise<Ended> {
  const { child, ended } = start(argv, { cwd: options.cwd });
  child.stdin.on("error", () => undefined); // it may end before it has read all
  child.stdin.end(options.input ?? "");
  return await ended;
}

function exitCode(child: ChildProcessWithoutNullStreams): number {
  if (child.exitCode !== null) return child.exitCode;
  return 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[String(child.signalCode)] ?? 0);
}
