import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectSocket, type Socket } from "node:net";
import { homedir } from "node:os";
import { ConnectionLost, Failure } from "../../failure.ts";
import { decodeHello, decodeRootHello, HELLO, type Hello, ROOT, type RootHello } from "../../protocol/hello.ts";
import { agentFile } from "../agent-client/file.ts";
import { startThroughAgent } from "../agent-client/process.ts";
import { errnoOf, errnoWords } from "../errno.ts";
import { newToken, TokenLines } from "../login-shell/token.ts";
import { noSudo, type SudoUse, sudoUse } from "../sudo.ts";
import type { Connection, ExecOptions, ExitStatus, Target } from "../target.ts";

const START_DEADLINE_MS = 10_000;
const WHERE = "this machine";

/** This machine, through the same agent without SSH. */
export function localTarget(name: string, options: { readonly sudo: boolean | undefined }): Target {
  const sudo = process.getuid?.() === 0 ? "never" : sudoUse(options.sudo);
  return {
    name,
    kind: "local",
    connect: async (signal) => {
      if (process.platform !== "linux") {
        throw new Failure("this machine is no Linux, so nothing can run on it", {
          code: "platform-unsupported",
          remedy: "use the virtual machine (devtool up) or --target [user@]host",
          exitCode: 2,
        });
      }
      const { path } = await agentFile();
      signal.throwIfAborted();
      return await localConnection(path, sudo);
    },
  };
}

async function localConnection(agentPath: string, sudo: SudoUse): Promise<Connection> {
  const token = newToken();
  const client = randomBytes(8).toString("hex");
  const args = [agentPath, token, "login", client, sudo === "never" ? "no-sudo" : "sudo"];
  // detached: Ctrl-C on this terminal is devtool's to act on; the agent ends when devtool does.
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"], detached: true });
  child.stdin.on("error", () => {}); // its exit follows
  const { hello, root } = await greeting(child, token);
  let closing = false;
  const closed = new Promise((resolve) => child.once("exit", resolve)).then(() =>
    closing ? undefined : new ConnectionLost(`the agent on ${WHERE} ended`),
  );
  const rootSocket = rootSocketOf(root, sudo);
  rootSocket.catch(() => {}); // reported by each exec that needs it

  const exec: Connection["exec"] = async (argv, wanted = {}) => {
    wanted.signal?.throwIfAborted();
    if (wanted.tty) throw new TypeError("a local process gets this terminal itself: execOnTerminal");
    const path = (wanted.asRoot && (await rootSocket)) || hello.socket;
    const command = { argv, cwd: wanted.cwd ?? hello.facts.home, env: wanted.env ?? {} };
    return await startThroughAgent(await open(path), command, WHERE, wanted.signal);
  };
  return {
    exec,
    execOnTerminal: async (argv, wanted = {}) => {
      const throughSudo = wanted.asRoot === true && (await rootSocket) !== undefined;
      wanted.signal?.throwIfAborted();
      return await runOnTerminal(argv, wanted, throughSudo, exec);
    },
    facts: async () => hello.facts,
    closed,
    close: async () => {
      closing = true;
      child.stdin.end();
      await closed;
    },
  };
}

function greeting(child: ChildProcess, token: string): Promise<{ hello: Hello; root: Promise<RootHello> }> {
  return new Promise((resolve, reject) => {
    const failed = (why: string) =>
      reject(new Failure(`can't start the agent on ${WHERE}: ${why}`, { code: "agent-failed" }));
    const timer = setTimeout(() => failed("it said nothing"), START_DEADLINE_MS);
    let rooted: (hello: RootHello) => void = () => {};
    const root = new Promise<RootHello>((settle) => {
      rooted = settle;
    });
    const lines = new TokenLines(token, (line) => {
      if (line.startsWith(`${HELLO} `)) resolve({ hello: decodeHello(line.slice(HELLO.length + 1)), root });
      else if (line.startsWith(`${ROOT} `)) rooted(decodeRootHello(line.slice(ROOT.length + 1)));
      clearTimeout(timer);
    });
    child.stdout?.on("data", (chunk: Buffer) => lines.push(chunk));
    child.on("error", (error) => failed(error.message));
    child.on("exit", (code, signal) => {
      rooted({ failed: "the agent has ended" });
      failed(`it ended with ${signal ?? code}`);
    });
  });
}

async function rootSocketOf(root: Promise<RootHello>, sudo: SudoUse): Promise<string | undefined> {
  if (sudo === "never") return undefined;
  const hello = await root;
  if ("socket" in hello) return hello.socket;
  if (sudo === "required") throw noSudo(WHERE, hello.failed);
  return undefined;
}

async function open(path: string): Promise<Socket> {
  const socket = connectSocket(path);
  await once(socket, "connect");
  return socket;
}

/** The terminal's own signals reach the process by themselves, so this process only has to outlive them. */
async function runOnTerminal(
  argv: readonly string[],
  wanted: Omit<ExecOptions, "tty" | "withoutAgent">,
  throughSudo: boolean,
  exec: Connection["exec"],
): Promise<ExitStatus> {
  const env = Object.entries(wanted.env ?? {}).map(([name, value]) => `${name}=${value}`);
  const [file = "", ...args] = throughSudo ? ["sudo", "-n", "--", "env", ...env, ...argv] : argv;
  const ignore = () => {};
  for (const signal of ["SIGINT", "SIGQUIT"] as const) process.on(signal, ignore);
  try {
    const cwd = wanted.cwd ?? homedir();
    const child = spawn(file, args, { cwd, env: { ...process.env, ...wanted.env }, stdio: "inherit" });
    const end = () => void endAsRoot(child, throughSudo, exec);
    wanted.signal?.addEventListener("abort", end, { once: true });
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    wanted.signal?.removeEventListener("abort", end);
    return signal === null ? { code: code ?? 0, signal } : { code: null, signal };
  } catch (error) {
    const errno = errnoOf(error);
    throw new Failure(`can't start ${argv[0]} on ${WHERE}: ${errnoWords(errno ?? String(error))}`, {
      code: errno === "ENOENT" ? "command-not-found" : "process-not-started",
    });
  } finally {
    for (const signal of ["SIGINT", "SIGQUIT"] as const) process.off(signal, ignore);
  }
}

/** sudo passes the signal on to what it runs; only root may signal sudo. */
async function endAsRoot(child: ChildProcess, throughSudo: boolean, exec: Connection["exec"]): Promise<void> {
  if (!throughSudo) child.kill("SIGTERM");
  else await exec(["kill", "-TERM", String(child.pid)], { asRoot: true }).catch(() => {});
}
