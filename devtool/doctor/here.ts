import { readFile } from "node:fs/promises";
import type { Check } from "../report/results.ts";
import type { Target } from "../targets/target.ts";
import { watcherCheck } from "./watcher.ts";

const NODE_NEEDED = [20, 19] as const;
const WHERE = "here";

/** Checks this machine; `root`: the project's. */
export async function checkHere(target: Pick<Target, "kind">, root: string | undefined): Promise<Check[]> {
  return [
    nodeCheck(WHERE, process.version, "install Node.js 20.19 or newer from https://nodejs.org"),
    ...(await inotifyChecks()),
    ...(root === undefined ? [] : [await watcherCheck(root)]),
    ...(target.kind === "vagrant" ? [await vagrantCheck()] : []),
  ];
}

/** `version` is empty where there is none. */
export function nodeCheck(where: string, version: string, remedy: string): Check {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  const ok = major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1]);
  return { where, name: "Node.js 20.19 or newer", ok, needed: true, found: version || null, remedy };
}

const WATCHES_WANTED = 8192;

async function inotifyChecks(): Promise<Check[]> {
  if (process.platform !== "linux") return [];
  const found = (await readFile("/proc/sys/fs/inotify/max_user_watches", "utf8").catch(() => "")).trim();
  const remedy = "sudo sysctl fs.inotify.max_user_watches=524288";
  const name = "limit of watched folders";
  return [{ where: WHERE, name, ok: Number(found) >= WATCHES_WANTED, needed: false, found, remedy }];
}

async function vagrantCheck(): Promise<Check> {
  const { execFile } = await import("node:child_process");
  const found = await new Promise<string | null>((resolve) => {
    execFile("vagrant", ["--version"], (error, stdout) => resolve(error ? null : stdout.trim()));
  });
  const remedy = "install it from https://developer.hashicorp.com/vagrant/install, or use --target [user@]host";
  return { where: WHERE, name: "vagrant", ok: found !== null, needed: true, found, remedy };
}
