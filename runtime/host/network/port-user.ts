import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Whether anybody listens at it, at whatever address. Nothing is opened there, which another start could find in use. */
export function isPortUsed(protocol: "tcp" | "udp", port: number): boolean {
  return [protocol, `${protocol}6`].some((table) => inodesAt(table, port).length > 0);
}

/** A process with a socket at the port of this machine: `process 123 (nginx)`. Undefined if none can be seen. */
export function userOfPort(protocol: "tcp" | "udp", port: number): string | undefined {
  const inodes = new Set([protocol, `${protocol}6`].flatMap((table) => inodesAt(table, port)));
  if (inodes.size === 0) return undefined;
  const pid = readdirSync("/proc").find((name) => /^\d+$/.test(name) && hasSocket(name, inodes));
  return pid && `process ${pid} (${textOf(`/proc/${pid}/comm`).trim()})`;
}

/** proc_net_tcp: the second field is the local address, the tenth the inode. */
function inodesAt(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return textOf(`/proc/net/${table}`)
    .split("\n")
    .flatMap((line) => {
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      const isListening = table.startsWith("udp") || state === "0A";
      return local.endsWith(suffix) && isListening ? [inode] : [];
    });
}

function hasSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(socketOf(`/proc/${pid}/fd/${fd}`)));
  } catch {
    return false; // it has ended
  }
}

function socketOf(path: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1] ?? "";
  } catch {
    return "";
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
