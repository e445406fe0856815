import { type ChildProcess, execFile, type SpawnOptions, spawn } from "node:child_process";
import { chmod, copyFile, cp, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
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
export async function tinydocker(scope: Scope, entry = "runtime/cli.ts"): Promise<Tinydocker> {
  const directory = await temporaryDirectory(scope);
  await chmod(directory, 0o755);
  const root = join(directory, "state");
  const program = await bundle(directory, entry);
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
  const outfile = join(directory, "dist/tinydocker.cjs");
  await mkdir(dirname(outfile));
  if (entry === "runtime/cli.ts") await putProgram(dirname(outfile));
  else await buildOne(entry, outfile);
  // Copies, because users other than root may have no access to the project's folder.
  for (const part of ["native", "node_modules/koffi", "node_modules/@koromix", "package.json"])
    await cp(resolve(part), join(directory, part), { recursive: true });
  return outfile;
}

/** That of dist/ if it was built after the last change of its sources. */
async function putProgram(directory: string): Promise<void> {
  const { mtimeMs: built } = await stat("dist/tinydocker.cjs").catch(() => ({ mtimeMs: 0 }));
  if ((await lastChange("runtime")) > built) {
    await promisify(execFile)(process.execPath, [...BUILD, directory]);
    return;
  }
  // What V8 compiled is used only if it is not older than the file that it is of.
  for (const name of (await readdir("dist")).filter((file) => file.startsWith("tinydocker")))
    await cp(join("dist", name), join(directory, name), { preserveTimestamps: true });
}

/** build.mjs does this, and more. */
const BUILD = [
  "--input-type=module",
  "--eval",
  `import { bundleProgram } from "./runtime/bundle.mjs";
  const [outdir] = process.argv.slice(-1);
  await bundleProgram(outdir, { bundle: true, platform: "node", target: "node20.19", format: "esm", outdir });`,
];

async function lastChange(folder: string): Promise<number> {
  const paths = (await readdir(folder, { recursive: true })).map((path) => join(folder, path));
  const times = await Promise.all(paths.map(async (path) => (await stat(path)).mtimeMs));
  return Math.max(...times);
}

async function buildOne(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["koffi"],
    define: { "import.meta.url": "bundleUrl" },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: "error",
  });
}

export async function outcomeOf(child: ChildProcess, input: string | Buffer = ""): Promise<Outcome> {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A command may end without reading its input.
  child.stdin?.on("error", () => {});
  child.stdin?.end(input);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((settle, reject) => {
    child.on("error", reject);
    child.on("close", (...ended) => settle(ended));
  });
  return { code, signal, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
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
