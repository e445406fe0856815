import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { built } from "./built.ts";
import { type Scope, temporaryDirectory } from "./host.ts";

const BUSYBOX = "/usr/bin/busybox";
const APPLETS = [
  "sh",
  "ls",
  "cat",
  "echo",
  "true",
  "mkdir",
  "sleep",
  "grep",
  "id",
  "stat",
  "env",
  "readlink",
  "hostname",
];
const MORE_APPLETS = [
  "kill",
  "touch",
  "rm",
  "stty",
  "tty",
  "mount",
  "chmod",
  "mknod",
  "dd",
  "wc",
  "ln",
  "pwd",
  "ps",
  "ip",
  "ping",
  "nc",
  "httpd",
  "tail",
  "printf",
];

export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TinydockerOptions extends SpawnOptions {
  /** Written to standard input, which then ends. */
  readonly input?: string | Buffer;
  /** Words put before the program, which must exec it. */
  readonly prefix?: readonly string[];
}

/** The program as it is shipped, bundled, with the test's own state directory. */
export interface Tinydocker {
  /** TINYDOCKER_ROOT */
  readonly root: string;
  /** For other files of the test. */
  readonly directory: string;
  readonly program: string;
  spawn(args: readonly string[], options?: TinydockerOptions): ChildProcess;
  run(args: readonly string[], options?: TinydockerOptions): Promise<Outcome>;
}

/** `entry`: another program of the runtime's parts, in place of the command line. */
export async function tinydocker(scope: Scope, entry?: string): Promise<Tinydocker> {
  const directory = await temporaryDirectory(scope);
  // Hard links: a rig of each test's own in no time.
  await promisify(execFile)("cp", ["-al", `${await built()}/.`, directory]);
  const root = join(directory, "state");
  const program = entry === undefined ? join(directory, "dist/tinydocker.cjs") : await bundle(directory, entry);
  const start = (args: readonly string[], { prefix = [], input: _, ...options }: TinydockerOptions = {}) => {
    const [file = "", ...rest] = [...prefix, process.execPath, "--", program, ...args];
    return spawn(file, rest, { ...options, env: { ...process.env, TINYDOCKER_ROOT: root, ...options.env } });
  };
  return {
    root,
    directory,
    program,
    spawn: start,
    run: (args, options = {}) => outcomeOf(start(args, options), options.input),
  };
}

async function bundle(directory: string, entry: string): Promise<string> {
  const outfile = join(directory, "dist/test.cjs");
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["koffi"],
    define: { "import.meta.url": "bundleUrl", "import.meta.filename": "__filename" },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: "error",
  });
  return outfile;
}

export async function outcomeOf(child: ChildProcess, input: string | Buffer = ""): Promise<Outcome> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A command may end without reading its input.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  if (!hasClosed(child)) await once(child, "close");
  const { exitCode: code, signalCode: signal } = child;
  return { code, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
}

/** Then no event says so any more, and what it wrote was read by others. */
function hasClosed({ exitCode, signalCode, stdio }: ChildProcess): boolean {
  const hasEnded = exitCode !== null || signalCode !== null;
  return hasEnded && stdio.every((stream) => !stream || stream.closed);
}

/** A root file system with a few small files and one static program. */
export async function busyboxRootfs(directory: string): Promise<string> {
  await mkdir(join(directory, "bin"), { recursive: true });
  await mkdir(join(directory, "etc"));
  await copyFile(BUSYBOX, join(directory, "bin/busybox"));
  for (const applet of [...APPLETS, ...MORE_APPLETS]) await symlink("busybox", join(directory, "bin", applet));
  await writeFile(join(directory, "etc/passwd"), "root:x:0:0::/root:/bin/sh\nann:x:1000:1001::/home/ann:/bin/sh\n");
  await writeFile(join(directory, "etc/group"), "root:x:0:\nann:x:1001:\nwheel:x:10:ann,bob\n");
  await writeFile(join(directory, "etc/script"), "echo hello\n");
  return directory;
}

/** Imports it as the image `box`. */
export async function importBusybox(rig: Tinydocker): Promise<void> {
  const rootfs = await busyboxRootfs(join(rig.directory, "rootfs"));
  const { code, stderr } = await rig.run(["image", "import", "box", rootfs]);
  if (code !== 0) throw new Error(stderr);
}

/** A digest of names, modes and contents of everything below a directory. */
export async function digestOf(directory: string): Promise<string> {
  const script =
    'cd "$1" && { find . -printf "%p %M %U:%G %s %T@ %l\\n" | sort; find . -type f | sort | xargs -r sha256sum; } | sha256sum';
  const { stdout } = await promisify(execFile)("sh", ["-c", script, "digest", directory]);
  return stdout;
}
