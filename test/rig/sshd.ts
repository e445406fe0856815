import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A free port may be taken by another process before sshd listens on it. */
const PORT_ATTEMPTS_MAX = 5;

export type KeyType = "ed25519" | "ecdsa" | "rsa";

export interface SshdOptions {
  /** sshd_config lines of the caller's; they come first, and sshd takes the first value of a keyword. */
  readonly config?: readonly string[];
  readonly hostKeyTypes?: readonly KeyType[];
  /** Passphrase of the client's key; none without it. */
  readonly passphrase?: string;
  /** $HOME of the sessions; an empty directory of its own without it, so that no rc file of the host's runs. */
  readonly home?: string;
  /** Login user; the caller without it. */
  readonly user?: string;
  /** argv put before sshd's, which must exec it (`unshare --mount …`). */
  readonly prefix?: readonly string[];
}

export interface Sshd {
  readonly address: "127.0.0.1";
  readonly port: number;
  readonly user: string;
  readonly home: string;
  /** $XDG_RUNTIME_DIR of the sessions. */
  readonly runtimeDirectory: string;
  /** Client's private key; `${keyFile}.pub` is authorized. */
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** ssh_config with a Host entry named `host`: `ssh -F configFile host`. */
  readonly configFile: string;
  readonly host: "rig";
  /** Private host keys, in the order of hostKeyTypes; `.pub` beside each. */
  readonly hostKeyFiles: readonly string[];
  readonly directory: string;
  readonly pid: number;
  /** sshd's processes for its connections: one each, and for a login user that is not root one more below it. */
  connections(): Promise<number[]>;
  /** Kills those processes; rejects if there are none, as a test of a cut that cuts nothing would prove nothing. */
  cut(): Promise<void>;
  stop(): Promise<void>;
}

/** A test or benchmark that ends, such as a TestContext. */
interface Scope {
  after(cleanup: () => Promise<void>): void;
}

/**
 * Starts the real OpenSSH server on a free port of 127.0.0.1, with keys and configuration in a directory of its own.
 * It and the directory are gone after `scope`, or after stop().
 */
export async function startSshd(scope: Scope, options: SshdOptions = {}): Promise<Sshd> {
  // sshd refuses a directory others may write only with StrictModes, which is off; the client's key must still be 0600.
  const directory = await mkdtemp(join(tmpdir(), "tinydocker-sshd."));
  await chmod(directory, 0o755);
  const hostKeyFiles = [];
  for (const type of options.hostKeyTypes ?? ["ed25519"]) {
    hostKeyFiles.push(await makeKey(join(directory, `host_${type}`), type, ""));
  }
  const keyFile = await makeKey(join(directory, "client_key"), "ed25519", options.passphrase ?? "");
  await copyFile(`${keyFile}.pub`, join(directory, "authorized_keys"));
  const home = options.home ?? join(directory, "home");
  await mkdir(home, { recursive: true });
  await mkdir(runtimeDirectory(directory), { mode: 0o700 });
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });

  const user = options.user ?? userInfo().username;
  const { child, port } = await listen(directory, hostKeyFiles, home, options);
  const knownHostsFile = join(directory, "known_hosts");
  const publicKeys = await Promise.all(hostKeyFiles.map((file) => readFile(`${file}.pub`, "utf8")));
  await writeFile(knownHostsFile, publicKeys.map((key) => `[127.0.0.1]:${port} ${key}`).join(""));
  const configFile = join(directory, "ssh_config");
  await writeFile(configFile, clientConfig(port, user, keyFile, knownHostsFile));

  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= end(child, directory);
    return stopped;
  };
  scope.after(stop);
  const pid = child.pid ?? 0;
  const connections = () => connectionsOf(pid);
  return {
    address: "127.0.0.1",
    port,
    user,
    home,
    runtimeDirectory: runtimeDirectory(directory),
    keyFile,
    knownHostsFile,
    configFile,
    host: "rig",
    hostKeyFiles,
    directory,
    pid,
    connections,
    cut: () => cut(pid),
    stop,
  };
}

async function makeKey(file: string, type: KeyType, passphrase: string): Promise<string> {
  await run("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", "rig", "-f", file]);
  return file;
}

async function listen(
  directory: string,
  hostKeyFiles: readonly string[],
  home: string,
  options: SshdOptions,
): Promise<{ child: ChildProcess; port: number }> {
  const configFile = join(directory, "sshd_config");
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    await writeFile(configFile, serverConfig(directory, port, hostKeyFiles, home, options.config ?? []));
    // sshd re-executes itself and therefore wants its absolute path.
    const argv = [...(options.prefix ?? []), await sshdPath(), "-D", "-e", "-f", configFile];
    const child = spawn(argv[0] ?? "", argv.slice(1), { stdio: ["ignore", "ignore", "pipe"] });
    const printed = await listening(child);
    if (printed === undefined) return { child, port };
    if (attempt === PORT_ATTEMPTS_MAX || !/Address already in use/.test(printed)) throw new Error(`sshd: ${printed}`);
  }
}

/** Waits until sshd reports that it listens; if it ends instead, returns what it printed. */
async function listening(child: ChildProcess): Promise<string | undefined> {
  if (!child.stderr) throw new Error("sshd has no stderr");
  const failed = once(child, "error").then(([error]) => String(error));
  const lines = createInterface({ input: child.stderr });
  const listens = (async () => {
    const printed: string[] = [];
    for await (const line of lines) {
      if (line.startsWith("Server listening on")) return undefined;
      printed.push(line);
    }
    return printed.join("\n");
  })();
  const result = await Promise.race([failed, listens]);
  child.stderr.resume();
  return result;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

async function sshdPath(): Promise<string> {
  const { stdout } = await run("sh", ["-c", 'PATH="$PATH:/usr/sbin:/sbin"; command -v sshd']);
  return stdout.trim();
}

function serverConfig(
  directory: string,
  port: number,
  hostKeyFiles: readonly string[],
  home: string,
  first: readonly string[],
): string {
  const lines = [
    ...first,
    "ListenAddress 127.0.0.1",
    `Port ${port}`,
    ...hostKeyFiles.map((file) => `HostKey ${file}`),
    `PidFile ${join(directory, "sshd.pid")}`,
    `AuthorizedKeysFile ${join(directory, "authorized_keys")}`,
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "StrictModes no",
    "MaxStartups 100",
    "PrintMotd no",
    "Subsystem sftp internal-sftp",
    `SetEnv "HOME=${home}" XDG_RUNTIME_DIR=${runtimeDirectory(directory)}`,
  ];
  return `${lines.join("\n")}\n`;
}

function runtimeDirectory(directory: string): string {
  return join(directory, "run");
}

function clientConfig(port: number, user: string, keyFile: string, knownHostsFile: string): string {
  const lines = [
    "Host rig",
    "  HostName 127.0.0.1",
    `  Port ${port}`,
    `  User ${user}`,
    `  IdentityFile ${keyFile}`,
    "  IdentitiesOnly yes",
    `  UserKnownHostsFile ${knownHostsFile}`,
    "  GlobalKnownHostsFile /dev/null",
    "  StrictHostKeyChecking yes",
  ];
  return `${lines.join("\n")}\n`;
}

async function end(child: ChildProcess, directory: string): Promise<void> {
  const connections = child.pid === undefined ? [] : await connectionsOf(child.pid);
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  for (const pid of connections) killIfThere(pid);
  await rm(directory, { recursive: true, force: true });
}

async function cut(listener: number): Promise<void> {
  const pids = await connectionsOf(listener);
  if (pids.length === 0) throw new Error("sshd has no connection to cut");
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

async function connectionsOf(listener: number): Promise<number[]> {
  const connections = await childrenOf(listener);
  const unprivileged = await Promise.all(connections.map((pid) => childrenOf(pid, "sshd")));
  return [...connections, ...unprivileged.flat()];
}

async function childrenOf(parent: number, command?: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    // The command may contain spaces and parentheses, so the fields are counted from its last one: state, ppid.
    const end = stat.lastIndexOf(")");
    const ppid = stat.slice(end + 2).split(" ")[1];
    if (ppid !== String(parent)) continue;
    if (command === undefined || stat.slice(stat.indexOf("(") + 1, end) === command) found.push(Number(name));
  }
  return found.sort((a, b) => a - b);
}
