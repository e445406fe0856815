import { execFile } from "node:child_process";
import { readdir, readFile, readlink } from "node:fs/promises";
import { promisify } from "node:util";

const DEADLINE_MS = 3_000;

/** A process of this machine that listens on the TCP port: `process 123 (nginx)`. Undefined if none can be seen. */
export async function userOfPort(port: number): Promise<string | undefined> {
  const find = { linux: onLinux, win32: onWindows }[process.platform as string] ?? byLsof;
  return await find(port).catch(() => undefined);
}

async function onLinux(port: number): Promise<string | undefined> {
  const tables = await Promise.all(
    ["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8").catch(() => "")),
  );
  const sockets = new Set(tables.flatMap((table) => listeningAt(table, port)).map((inode) => `socket:[${inode}]`));
  for (const pid of await readdir("/proc")) {
    if (/^\d+$/.test(pid) && (await hasAny(pid, sockets))) {
      return `process ${pid} (${(await readFile(`/proc/${pid}/comm`, "utf8")).trim()})`;
    }
  }
  return undefined;
}

/** proc_net_tcp: the second field is the local address, the fourth the state, the tenth the inode. */
function listeningAt(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = table.split("\n").map((line) => line.trim().split(/\s+/));
  return rows.flatMap(([, local = "", , state, , , , , , inode = ""]) =>
    local.endsWith(suffix) && state === "0A" ? [inode] : [],
  );
}

async function hasAny(pid: string, sockets: ReadonlySet<string>): Promise<boolean> {
  const fds = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
  return links.some((link) => sockets.has(link));
}

/** lsof's fields: `p` is a process, `c` its command. */
async function byLsof(port: number): Promise<string | undefined> {
  const fields = await output("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"]);
  const [pid, command] = [/^p(\d+)$/m.exec(fields)?.[1], /^c(.+)$/m.exec(fields)?.[1]];
  return pid === undefined ? undefined : `process ${pid} (${command})`;
}

async function onWindows(port: number): Promise<string | undefined> {
  const rows = (await output("netstat", ["-ano", "-p", "TCP"])).split(/\r?\n/).map((line) => line.trim().split(/\s+/));
  const pid = rows.find(([, local, , state]) => state === "LISTENING" && local?.endsWith(`:${port}`))?.[4];
  if (pid === undefined) return undefined;
  const [name] = (await output("tasklist", ["/fi", `pid eq ${pid}`, "/fo", "csv", "/nh"])).split(",");
  return `process ${pid} (${name?.replaceAll('"', "")})`;
}

async function output(file: string, args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(file, args, { timeout: DEADLINE_MS })).stdout;
}
