import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import type { Scope } from "./host.ts";

const run = promisify(execFile);

/** A network namespace of the test: a place with links, routes and rules of its own. */
export interface Place {
  /** Words before a program, which then runs there. */
  readonly prefix: readonly string[];
  /** Runs a shell script there and returns what it printed. */
  sh(script: string): Promise<string>;
}

/** A machine with its own network, and one outside it, on a cable between the two. */
export interface Machine extends Place {
  readonly outside: Place;
}

/** Documentation addresses (RFC 5737, RFC 3849): no other network has them. */
export const MACHINE = { ipv4: "198.51.100.2", ipv6: "2001:db8::2" } as const;
export const OUTSIDE = { ipv4: "198.51.100.1", ipv6: "2001:db8::1" } as const;

const CABLE = [
  // A new namespace has what the machine has.
  "echo 0 >/proc/sys/net/ipv4/ip_forward",
  "ip link add out0 type veth peer name in0 netns $OUTSIDE",
  "ip link set lo up",
  "ip link set out0 up",
  `ip address add ${MACHINE.ipv4}/24 dev out0`,
  `ip address add ${MACHINE.ipv6}/64 dev out0 nodad`,
  `ip route add default via ${OUTSIDE.ipv4} onlink dev out0`,
  `ip route add default via ${OUTSIDE.ipv6} onlink dev out0`,
].join("\n");
const OTHER_END = [
  "ip link set lo up",
  "ip link set in0 up",
  `ip address add ${OUTSIDE.ipv4}/24 dev in0`,
  `ip address add ${OUTSIDE.ipv6}/64 dev in0 nodad`,
].join("\n");

/** Neither touches this machine's own network; both end with the scope. */
export async function machine(scope: Scope): Promise<Machine> {
  const [inside, outside] = [await place(scope), await place(scope)];
  await inside.sh(`OUTSIDE=${outside.pid}\n${CABLE}`);
  await outside.sh(OTHER_END);
  return { ...inside, outside };
}

async function place(scope: Scope): Promise<Place & { readonly pid: number }> {
  const holder = spawn("unshare", ["--net", "sh", "-c", "echo ready; exec sleep infinity"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  scope.after(() => ended(holder));
  await once(holder.stdout as NodeJS.ReadableStream, "data");
  const pid = holder.pid ?? 0;
  const prefix = ["nsenter", `--net=/proc/${pid}/ns/net`];
  const sh = async (script: string) => (await run("nsenter", [...prefix.slice(1), "sh", "-ec", script])).stdout;
  return { pid, prefix, sh };
}

async function ended(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  process.kill("SIGKILL");
  await once(process, "exit");
}

/** A program of Node.js that tells each client the client's address: ADDRESS PORT. */
export const SERVER = `
const server = require("node:net").createServer((socket) => {
  socket.on("error", () => {});
  socket.end(socket.remoteAddress.replace("::ffff:", "") + "\\n");
});
server.listen({ host: process.argv[1], port: Number(process.argv[2]) }, () => console.log("ready"));
`;

/** SERVER there, until it is killed. */
export async function serving({ prefix }: Place, address: string, port: number): Promise<ChildProcess> {
  const [program = "", ...words] = [...prefix, process.execPath, "-e", SERVER, "--", address, String(port)];
  const server = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
  await once(server.stdout as NodeJS.ReadableStream, "data");
  return server;
}
