import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Scope } from "../rig/host.ts";
import { vmImage } from "../rig/vm/image.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A libvirtd for this test alone, with its own network, and Vagrant beside it. */
export interface Libvirt {
  /** Runs argv beside libvirtd; a guest's addresses can be reached there, and nothing else. */
  run(argv: readonly string[], options: { cwd: string; input?: string }): Promise<Ended>;
}

const BOX = "tinydocker/debian12";
const COMMAND_MS_MAX = 600_000;

/** What this machine lacks for Vagrant with libvirt, after installing it where that is possible: for `needs`. */
export function vagrantLacks(): string | undefined {
  const run = spawnSync("sh", [join(import.meta.dirname, "requirements.sh")], { encoding: "utf8" });
  return run.status === 0 ? undefined : run.stderr;
}

/** Starts it, and adds a Vagrant box made from the image that the other tests boot. */
export async function startLibvirt(scope: Scope): Promise<Libvirt> {
  const directory = await mkdtemp("/var/tmp/tinydocker-test.");
  let daemon: ChildProcessWithoutNullStreams | undefined;
  scope.after(async () => {
    if (daemon) await stop(daemon);
    await rm(directory, { recursive: true });
  });
  const home = join(directory, "home");
  await mkdir(home);
  const box = join(directory, "debian12.box");
  await promisify(execFile)("sh", [join(import.meta.dirname, "box.sh"), await vmImage(), box]);
  daemon = spawn("unshare", [...NAMESPACES, "sh", join(import.meta.dirname, "libvirt.sh"), directory]);
  await ready(daemon);
  const libvirt = { run: runner(daemon, home) };
  const added = await libvirt.run(["vagrant", "box", "add", "--name", BOX, box], { cwd: home });
  if (added.code !== 0) throw new Error(`vagrant box add: ${added.stderr}`);
  return libvirt;
}

const NAMESPACES = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation=private"];

async function stop(daemon: ChildProcessWithoutNullStreams): Promise<void> {
  const ended = once(daemon, "close");
  daemon.stdin.end();
  await ended;
}

async function ready(daemon: ChildProcessWithoutNullStreams): Promise<void> {
  let printed = "";
  daemon.stderr.on("data", (bytes: Buffer) => {
    printed += bytes;
  });
  const first = await Promise.race([once(daemon.stdout, "data"), once(daemon, "close")]);
  if (!String(first[0]).startsWith("ready")) throw new Error(`libvirtd did not start: ${printed}`);
}

function runner(daemon: ChildProcessWithoutNullStreams, home: string): Libvirt["run"] {
  const enter = ["--target", `${daemon.pid}`, "--mount", "--net", `--pid=/proc/${daemon.pid}/ns/pid_for_children`];
  const env = {
    ...process.env,
    HOME: home,
    VAGRANT_HOME: join(home, ".vagrant.d"),
    VAGRANT_CHECKPOINT_DISABLE: "1",
    LIBVIRT_DEFAULT_URI: "qemu:///system",
    TINYDOCKER_PROVIDER: "libvirt",
    TINYDOCKER_BOX: BOX,
    TINYDOCKER_MEMORY: "1024",
  };
  return async (argv, { cwd, input = "" }) => {
    const child = spawn("nsenter", [...enter, `--wd=${cwd}`, ...argv], { env, timeout: COMMAND_MS_MAX });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdin.end(input);
    const [code, signal] = await once(child, "close");
    if (signal !== null) throw new Error(`${argv.join(" ")} ended by ${signal} after ${stdout}${stderr}`);
    return { code, stdout, stderr };
  };
}
