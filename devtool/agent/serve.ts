import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { PROTOCOL_VERSION } from "../protocol/frame.ts";
import { encodeLine, HELLO, NODE_OPTIONS_KEPT, OLD_NODE, ROOT } from "../protocol/hello.ts";
import { CarriedProcess } from "./carry.ts";
import { claimDirectory } from "./directory.ts";
import { hostFacts } from "./facts.ts";
import { PipeSource } from "./pipes.ts";
import { relayOnDemand } from "./relay.ts";
import { startRootAgent } from "./root.ts";
import { Preload } from "./warm/preload.ts";

/** The root agent may take this long to end what it runs, which is longer than ending one process group takes. */
const ROOT_END_MS = 9_000;
/** Connections waiting to be accepted; each exec is one. */
const BACKLOG = 128;

/**
 * Listens and runs processes until `lifetime` ends, then ends them all. Arguments:
 *
 *     TOKEN login CLIENT sudo|no-sudo         as the login user; with sudo it starts a second agent as root
 *     TOKEN root CLIENT DIRECTORY UID PATH    as root; its socket is in the login agent's DIRECTORY and belongs to UID;
 *                                             PATH is the login agent's, which sudo does not pass on
 */
export async function serve(args: readonly string[], lifetime: Readable, out: Writable): Promise<void> {
  const [token = "", role, client = "", where = "", uid, path] = args;
  out.on("error", () => {}); // the client has disconnected, and `lifetime` ends too
  const ended = endOf(lifetime);
  if (role === "root") {
    process.env["PATH"] = path;
    return await asRoot(token, where, Number(uid), ended, out);
  }
  if (role !== "login") throw new Error(`started with unknown arguments: ${args.slice(1).join(" ")}`);

  if (!isNewEnough(process.version)) {
    out.write(`${token} ${OLD_NODE} ${process.version}\n`);
    return;
  }
  restoreNodeOptions();
  const directory = await claimDirectory(client);
  const agent = listen(join(directory, "agent.sock"));
  await once(agent.server, "listening");
  const facts = hostFacts();
  out.write(encodeLine(token, HELLO, { protocol: PROTOCOL_VERSION, socket: join(directory, "agent.sock"), facts }));
  const root =
    where === "sudo" && facts.uid !== 0
      ? startRootAgent(token, [token, "root", client, directory, String(facts.uid), process.env["PATH"] ?? ""], out)
      : undefined;
  relayOnDemand(token, lifetime, out);
  await ended;
  await Promise.all([agent.end(), root && endRoot(root)]);
  rmSync(directory, { recursive: true, force: true });
}

function restoreNodeOptions(): void {
  const { [NODE_OPTIONS_KEPT]: kept } = process.env;
  if (kept === undefined) return;
  process.env["NODE_OPTIONS"] = kept;
  delete process.env[NODE_OPTIONS_KEPT];
}

/** The minimum of package.json's `engines`. */
function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
  return major > 20 || (major === 20 && minor >= 19);
}

async function asRoot(token: string, directory: string, uid: number, ended: Promise<void>, out: Writable) {
  const socket = join(directory, "root.sock");
  const agent = listen(socket);
  await once(agent.server, "listening");
  // sshd connects as the login user; the directory's mode keeps everyone else out.
  chmodSync(socket, 0o600);
  chownSync(socket, uid, -1);
  out.write(encodeLine(token, ROOT, { socket }));
  await ended;
  await agent.end();
}

function listen(path: string): { server: Server; end(): Promise<void> } {
  const carried = new Set<CarriedProcess>();
  const pipes = new PipeSource();
  const preload = new Preload();
  void pipes.prepare().catch(() => {}); // the first exec tries again, and reports
  const server = createServer({ noDelay: true }, (socket) => {
    const one = new CarriedProcess(socket, pipes, preload);
    carried.add(one);
    void one.over.finally(() => carried.delete(one));
  });
  server.listen({ path, backlog: BACKLOG });
  return {
    server,
    async end() {
      server.close();
      await Promise.all([...carried].map((one) => one.end()));
      preload.remove();
    },
  };
}

/** Settles when the client closes its end of the channel, or when a signal asks the agent to end. */
function endOf(lifetime: Readable): Promise<void> {
  return new Promise((resolve) => {
    const end = () => resolve();
    lifetime.on("end", end).on("error", end).on("close", end).resume();
    for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, end);
  });
}

async function endRoot(root: ChildProcess): Promise<void> {
  root.stdin?.end();
  if (root.exitCode !== null || root.signalCode !== null) return;
  await Promise.race([once(root, "exit"), new Promise((resolve) => setTimeout(resolve, ROOT_END_MS).unref())]);
}
