import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** How long the previous agent of the same client may take to end its processes. */
const TAKE_OVER_MS = 10_000;
const POLL_MS = 10;
const STALE_MS = 3_600_000;
/** sockaddr_un.sun_path has 108 bytes, including the final NUL. */
const SOCKET_PATH_BYTES_MAX = 107;
const LONGEST_NAME = "agent.sock";

/**
 * Creates the agent's own directory, mode 0700, named after the client. An agent that the same client started over an
 * earlier connection, which this machine has not seen closed yet, is ended first with all it runs.
 */
export async function claimDirectory(client: string): Promise<string> {
  const name = `devtool-${client}`;
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const fits = runtime && Buffer.byteLength(join(runtime, name, LONGEST_NAME)) <= SOCKET_PATH_BYTES_MAX;
  return (fits ? await claim(join(runtime, name)) : undefined) ?? (await claim(join("/tmp", name))) ?? fail(name);
}

/** Returns undefined where the directory can't be created, as in an XDG_RUNTIME_DIR that does not exist. */
async function claim(directory: string): Promise<string | undefined> {
  const deadline = performance.now() + TAKE_OVER_MS;
  while (!created(directory)) {
    const stats = lstatSync(directory, { throwIfNoEntry: false });
    if (!stats) return undefined;
    if (!stats.isDirectory() || stats.uid !== process.getuid?.()) return undefined;
    const pid = ownerOf(directory);
    if (pid === undefined || performance.now() > deadline) rmSync(directory, { recursive: true, force: true });
    else {
      terminate(pid);
      await delay(POLL_MS);
    }
  }
  writeFileSync(join(directory, "pid"), String(process.pid));
  sweep(directory);
  return directory;
}

/**
 * Removes directories of agents that were killed with SIGKILL. A recent one may belong to an agent that is starting.
 */
function sweep(own: string): void {
  const base = dirname(own);
  for (const name of readdirSync(base).filter((entry) => entry.startsWith("devtool-"))) {
    const path = join(base, name);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    const isStale = stats && stats.uid === process.getuid?.() && Date.now() - stats.mtimeMs > STALE_MS;
    if (isStale && stats.isDirectory() && ownerOf(path) === undefined) rmSync(path, { recursive: true, force: true });
  }
}

function created(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 });
    return true;
  } catch {
    return false;
  }
}

function terminate(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    // It has just ended.
  }
}

/** The process id of the agent that created the directory, if it still runs. */
function ownerOf(directory: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(directory, "pid"), "utf8"));
    const client = directory.slice(directory.lastIndexOf("/devtool-") + "/devtool-".length);
    // The process id may have been reused.
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(client) ? pid : undefined;
  } catch {
    return undefined;
  }
}

function fail(name: string): never {
  throw new Error(`can't create the directory ${name} in $XDG_RUNTIME_DIR or /tmp`);
}
