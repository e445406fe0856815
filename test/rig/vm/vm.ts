import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { type Scope, temporaryDirectory } from "../host.ts";
import { type Suite, vmImage } from "./image.ts";
import { qemuArguments, qemuProgram } from "./qemu.ts";

/** A running Debian guest: user `vagrant` has sudo without a password, `plain` has none. The key opens both. */
export interface Vm {
  readonly port: number;
  readonly user: "vagrant";
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** An OpenSSH client configuration that knows the guest as `guest` and `guest-plain`. */
  readonly configFile: string;
  /** Ends QEMU, as a power cut would end a machine. */
  stop(): Promise<void>;
}

/** What this machine lacks to build and boot a guest: for `needs`. */
export function vmLacks(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "root on Linux, to make a guest's image";
  const tools = [qemuProgram(), "mmdebstrap", "mke2fs", "cpio", "ssh", "ssh-keygen", "flock", "setpriv"];
  const missing = tools.filter((tool) => !installed(tool));
  return missing.length > 0 ? missing.join(", ") : undefined;
}

function installed(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A boot takes 9 s, rarely 40. */
const BOOT_MS_MAX = 180_000;

/** Boots a guest of the test's own and waits until its sshd answers. */
export async function startVm(scope: Scope, suite?: Suite): Promise<Vm> {
  const image = await vmImage(suite);
  const directory = await temporaryDirectory(scope);
  const monitor = join(directory, "monitor");
  const stop = await boot(scope, image, monitor);
  const port = await sshPort(monitor);
  return { port, user: "vagrant", stop, ...(await clientFiles(directory, image, port)) };
}

/** Where several processors are emulated, one may run code that the other is changing, and a booting kernel panics. */
async function boot(scope: Scope, image: string, monitor: string, attempts = 3): Promise<() => Promise<void>> {
  // setpriv: QEMU must not outlive a test that is killed.
  const qemu = spawn("setpriv", ["--pdeathsig", "KILL", qemuProgram(), ...qemuArguments(image, monitor)]);
  const stop = stopper(qemu);
  scope.after(stop);
  try {
    await booted(qemu);
    return stop;
  } catch (error) {
    if (attempts === 1 || !String(error).includes("Kernel panic")) throw error;
    await stop();
    return await boot(scope, image, monitor, attempts - 1);
  }
}

function stopper(qemu: ChildProcessWithoutNullStreams): () => Promise<void> {
  const ended = once(qemu, "close");
  return async () => {
    qemu.kill("SIGKILL");
    await ended;
  };
}

async function booted(qemu: ChildProcessWithoutNullStreams): Promise<void> {
  const console: string[] = [];
  let errors = "";
  qemu.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const timer = setTimeout(() => qemu.kill("SIGKILL"), BOOT_MS_MAX);
  for await (const line of createInterface({ input: qemu.stdout })) {
    console.push(line);
    if (!line.includes("guest: ready")) continue;
    clearTimeout(timer);
    qemu.stdout.resume();
    return;
  }
  clearTimeout(timer);
  throw new Error(`the guest did not boot: ${errors}\n${console.slice(-20).join("\n")}`);
}

/** QEMU chooses the port itself, so that no two guests use the same one; its monitor reports it. */
async function sshPort(monitor: string): Promise<number> {
  const socket = createConnection(monitor);
  socket.setEncoding("utf8");
  socket.write("info usernet\n");
  let answer = "";
  for await (const text of socket) {
    answer += text;
    const port = /HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(answer)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`QEMU's monitor names no forwarded port: ${answer}`);
}

async function clientFiles(directory: string, image: string, port: number) {
  const knownHostsFile = join(directory, "known_hosts");
  const configFile = join(directory, "ssh_config");
  await writeFile(knownHostsFile, `[127.0.0.1]:${port} ${await readFile(join(image, "host_key.pub"), "utf8")}`);
  const keyFile = join(image, "key");
  const host = (name: string, user: string) =>
    `Host ${name}
  HostName 127.0.0.1
  Port ${port}
  User ${user}
  IdentityFile ${keyFile}
  IdentitiesOnly yes
  UserKnownHostsFile ${knownHostsFile}
  StrictHostKeyChecking yes
`;
  await writeFile(configFile, host("guest", "vagrant") + host("guest-plain", "plain"));
  return { keyFile, knownHostsFile, configFile };
}
