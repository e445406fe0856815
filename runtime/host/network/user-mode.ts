import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, readFileSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Failure } from "../../failure.ts";
import { hasDefaultRoute } from "../../network/user-mode.ts";
import { sleep } from "../sleep.ts";
import { uptime } from "../uptime.ts";

/** A program that does not say when it is ready, and may hang. */
const READY_MS = 5_000;
const POLL_MS = 5;
/** Its last words are enough. */
const SAID_MAX = 1_000;

/** Waits until it may become the program: by then the next command would find it, and end it, if this process is killed. */
const HELD_BACK = 'read -r go && exec "$@"';

/** The path of the first program that is installed. */
export function installed<P extends string>(programs: readonly P[]): { name: P; path: string } | undefined {
  const directories = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory.startsWith("/"));
  return programs
    .flatMap((name) => directories.map((directory) => ({ name, path: join(directory, name) })))
    .find(({ path }) => isProgram(path));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Starts the program, and waits until the process has a default route. Returns whether it has: false when it ended before.
 * `hold` is called with the program's pid before the program runs. Throws Failure, with the program ended.
 */
export async function connectUserMode(
  command: readonly string[],
  pid: number,
  hold: (program: number) => void,
): Promise<boolean> {
  // In a session of its own: Ctrl-C is for the container, which may go on.
  const child = spawn("/bin/sh", ["-c", HELD_BACK, "sh", ...command], {
    detached: true,
    stdio: ["pipe", "ignore", "pipe"],
  });
  const output = wordsOf(child);
  let connected = false;
  try {
    if (child.pid !== undefined) hold(child.pid);
    child.stdin.end("go\n");
    connected = await isConnected(child, command[0] ?? "", pid, output);
    return connected;
  } finally {
    if (!connected) child.kill("SIGKILL");
  }
}

function wordsOf(child: ChildProcess): () => string {
  let said = "";
  const say = (words: unknown) => {
    said = `${said}${words}`.slice(-SAID_MAX);
  };
  child.stderr?.on("data", say);
  child.on("error", ({ message }) => say(message));
  // It has ended.
  child.stdin?.on("error", () => {});
  return () => lastWords(said);
}

/** pasta tells each of its settings first, and where there is no syslog, that. */
function lastWords(said: string): string {
  const lines = said.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "" && !/ to syslog$/.test(line))
    .slice(-2)
    .join("; ");
}

async function isConnected(child: ChildProcess, program: string, pid: number, said: () => string): Promise<boolean> {
  const deadline = uptime() + READY_MS;
  for (;;) {
    const route = routesOf(pid);
    if (route === undefined) return false;
    if (hasDefaultRoute(route)) return true;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null)
      throw notConnected(`${program} ended: ${said()}`);
    if (uptime() >= deadline) throw notConnected(`${program} is not ready after ${READY_MS / 1000} s. ${said()}`);
    await sleep(POLL_MS);
  }
}

/** Undefined if the process has ended. */
function routesOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/net/route`, "utf8");
  } catch {
    return undefined;
  }
}

function notConnected(why: string): Failure {
  return new Failure(`can't connect the container to the network: ${why.trim()}`, {
    code: "network-helper-failed",
    remedy: "try the other one of --network slirp4netns and pasta, or use --network host or none",
  });
}
