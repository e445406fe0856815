import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { Command } from "../command-line/command.ts";
import { openTarget } from "../dev/session.ts";
import { Failure } from "../failure.ts";
import { type Check, type Report, reportOf } from "../report/events.ts";
import type { Connection, Target } from "../targets/target.ts";

/**
 * devtool doctor: reports what is missing here and on the target. Exit code 1 when something that is needed is missing.
 */
export const command: Command = async (call) => {
  const { target } = await openTarget(call);
  let isReady = true;
  const add = (check: Check, report: Report) => {
    report({ event: "check", ...check });
    if (!check.ok && check.needed) isReady = false;
  };
  for (const check of await checkHere(target)) add(check, call.report);
  const targetReport = reportOf(call.report, { target: target.name });
  for (const check of await checkTarget(target, call.interrupts.signal)) add(check, targetReport);
  return isReady ? 0 : 1;
};

const NODE_NEEDED = [20, 19] as const;

async function checkHere(target: Target): Promise<Check[]> {
  const where = "here";
  const checks = [
    nodeCheck(where, process.version, "install Node.js 20.19 or newer from https://nodejs.org"),
    ...(await inotifyChecks(where)),
  ];
  if (target.kind === "vagrant") checks.push(await vagrantCheck(where));
  return checks;
}

function nodeCheck(where: string, version: string, remedy: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const ok = major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1]);
  return { where, name: "Node.js 20.19 or newer", ok, needed: true, found: version || null, remedy };
}

const WATCHES_WANTED = 8192;

async function inotifyChecks(where: string): Promise<Check[]> {
  if (process.platform !== "linux") return [];
  const found = (await readFile("/proc/sys/fs/inotify/max_user_watches", "utf8").catch(() => "")).trim();
  const remedy = "sudo sysctl fs.inotify.max_user_watches=524288";
  return [{ where, name: "limit of watched files", ok: Number(found) >= WATCHES_WANTED, needed: false, found, remedy }];
}

async function vagrantCheck(where: string): Promise<Check> {
  const { execFile } = await import("node:child_process");
  const found = await new Promise<string | null>((resolve) => {
    execFile("vagrant", ["--version"], (error, stdout) => resolve(error ? null : stdout.trim()));
  });
  const remedy = "install it from https://developer.hashicorp.com/vagrant/install, or use --target [user@]host";
  return { where, name: "vagrant", ok: found !== null, needed: true, found, remedy };
}

async function checkTarget(target: Target, signal: AbortSignal): Promise<Check[]> {
  const where = target.name;
  let connection: Connection;
  try {
    connection = await target.connect(signal);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [{ where, name: "connection", ok: false, needed: true, found: error.message, remedy: error.remedy ?? null }];
  }
  try {
    const connected: Check = { where, name: "connection", ok: true, needed: true, found: null, remedy: null };
    return [connected, ...targetChecks(target, await probeTarget(connection, signal))];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [{ where, name: "connection", ok: false, needed: true, found: error.message, remedy: error.remedy ?? null }];
  } finally {
    await connection.close();
  }
}

/** Prints one `NAME VALUE` per line; the value of what is missing is empty. */
const PROBES = `
version() { command -v "$1" >/dev/null 2>&1 && "$@" 2>/dev/null | head -n 1 | tr -cd '[:print:]'; }
PATH=$PATH:/usr/local/bin:/usr/local/sbin:/usr/sbin:/sbin
echo "kernel $(uname -sr)"
echo "node $(version node --version)"
echo "gcc $(version gcc -dumpversion)"
echo "make $(version make --version)"
echo "rsync $(version rsync --version)"
echo "headers $(ls /usr/include/stdlib.h 2>/dev/null)"
if [ "$(id -u)" = 0 ]; then echo "root yes"; elif sudo -n true 2>/dev/null; then echo "root sudo"; else echo "root "; fi
echo "overlay $(grep -ow overlay /proc/filesystems)"
echo "namespaces $(cd /proc/self/ns && echo cgroup ipc mnt net pid user uts | tr ' ' '\\n' | while read -r n; do [ -e "$n" ] && printf '%s ' "$n"; done)"
`;

async function probeTarget(connection: Connection, signal: AbortSignal): Promise<Map<string, string>> {
  const shell = await connection.exec(["sh", "-s"], { signal });
  shell.stdin.end(PROBES);
  shell.stderr.resume();
  const [output] = await Promise.all([text(shell.stdout), shell.exited]);
  const lines = output.split("\n").filter((line) => line.includes(" "));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1).trim()]));
}

const NAMESPACES = 7;

function targetChecks(target: Target, found: ReadonlyMap<string, string>): Check[] {
  const where = target.name;
  const provision = `devtool provision --target ${target.name}`;
  const check = (key: string, name: string, needed: boolean, remedy: string, ok = Boolean(found.get(key))): Check => {
    return { where, name, ok, needed, found: found.get(key) || null, remedy };
  };
  const isLinux = /^Linux /.test(found.get("kernel") ?? "");
  return [
    check("kernel", "Linux", true, "devtool's programs run on Linux: choose another target", isLinux),
    nodeCheck(where, found.get("node") ?? "", provision),
    check("gcc", "gcc", true, provision),
    check("make", "make", true, provision),
    check("rsync", "rsync", true, provision),
    check("headers", "the C library's headers", true, provision),
    check("root", "root, or sudo without a password", false, SUDO),
    check("overlay", "overlay file system", false, "sudo modprobe overlay"),
    check("namespaces", "namespaces", false, "use a kernel that has all of them", namespaces(found) === NAMESPACES),
  ];
}

const SUDO = 'allow it there: echo "$USER ALL=(ALL) NOPASSWD: ALL" | sudo tee /etc/sudoers.d/devtool';

function namespaces(found: ReadonlyMap<string, string>): number {
  return (found.get("namespaces") ?? "").split(" ").filter(Boolean).length;
}
