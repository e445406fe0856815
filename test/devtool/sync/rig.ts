import { spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { ConnectionLost } from "../../../devtool/failure.ts";
import { createFilter } from "../../../devtool/ignore/filter.ts";
import type { SyncRequest } from "../../../devtool/sync/request.ts";
import { type SyncReport, sync } from "../../../devtool/sync/sync.ts";
import { startFailure } from "../../../devtool/targets/start-failure.ts";
import type { Connection, ExitStatus, RemoteProcess } from "../../../devtool/targets/target.ts";

/** This machine as a target: processes start here, without a shell. `edit` may change what is run. */
export function localConnection(edit: (argv: readonly string[]) => readonly string[] = (argv) => argv): Connection {
  return {
    async exec(argv, options = {}): Promise<RemoteProcess> {
      const { cwd } = options;
      if (cwd && !existsSync(`${cwd}/.`))
        throw startFailure({ argv, cwd }, "this machine", { step: "chdir", errno: "ENOENT" });
      const [command = "", ...rest] = edit(argv);
      const child = spawn(command, rest, { cwd, signal: options.signal });
      const exited = new Promise<ExitStatus>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code, signal) => resolve({ code, signal } as ExitStatus));
      });
      exited.catch(() => undefined);
      return {
        stdin: child.stdin.on("error", () => undefined),
        stdout: child.stdout,
        stderr: child.stderr,
        exited,
        kill: (signal) => void child.kill(signal),
        resize: () => undefined,
      };
    },
    connectTo: () => Promise.reject(new Error("not needed here")),
    listenAt: () => Promise.reject(new Error("not needed here")),
    facts: () => Promise.reject(new Error("not needed here")),
    closed: new Promise(() => undefined),
    close: () => Promise.resolve(),
  };
}

export function withProtocol(version: number): Connection {
  return localConnection((argv) =>
    argv[0] === "rsync" ? ["rsync", ...argv.slice(1, 2), `--protocol=${version}`, ...argv.slice(2)] : argv,
  );
}

export interface Places {
  readonly root: string;
  readonly mirror: string;
}

/** A project and its mirror below a directory. */
export function places(directory: string): Places {
  const root = join(directory, "project");
  mkdirSync(root, { recursive: true });
  return { root, mirror: join(directory, "mirror") };
}

export function syncHere(
  request: Partial<SyncRequest> & Places,
  connection: Connection = localConnection(),
  signal: AbortSignal = new AbortController().signal,
): Promise<SyncReport> {
  return sync(connection, { filter: createFilter({}), ...request }, signal);
}

/** Does the same with C rsync and the same rules; returns its exit code, 0 or 23. */
export function rsyncHere({ root, mirror }: Places, rules: readonly string[] = []): number {
  const argv = ["-rlpt", "--delete", "--from0", "--filter=merge -", `${root}/`, `${mirror}/`];
  const ran = spawnSync("rsync", argv, { input: Buffer.from(rules.join("\0"), "latin1") });
  if (ran.status !== 0 && ran.status !== 23) throw new Error(ran.stderr.toString());
  return ran.status;
}

/** Everything below a directory, to compare: type, mode, time, and content or target; names as bytes. */
export function snapshot(directory: string): Record<string, string> {
  const all: Record<string, string> = {};
  const visit = (path: string) => {
    const absolute = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, "latin1")]);
    const stat = lstatSync(absolute, { bigint: true });
    const content = stat.isSymbolicLink()
      ? readlinkSync(absolute, "latin1")
      : stat.isFile()
        ? readFileSync(absolute, "latin1")
        : "";
    all[path] = `${stat.mode.toString(8)} ${stat.mtimeNs} ${content}`;
    if (!stat.isDirectory()) return;
    for (const name of readdirSync(absolute, "latin1")) visit(path === "" ? name : `${path}/${name}`);
  };
  visit("");
  return all;
}

/** A connection that is cut after this number of bytes to an rsync. `ended` settles when all that it started has ended. */
export function cutAfter(bytes: number): { connection: Connection; ended: () => Promise<unknown> } {
  const local = localConnection();
  const exits: Promise<unknown>[] = [];
  const connection: Connection = {
    ...local,
    async exec(argv, options): Promise<RemoteProcess> {
      const rsync = await local.exec(argv, options);
      exits.push(rsync.exited);
      const lost = new Promise<never>((_, reject) => {
        let left = bytes;
        const write = rsync.stdin.write.bind(rsync.stdin);
        rsync.stdin.write = ((chunk: Buffer) => {
          const now = chunk.subarray(0, left);
          left -= now.length;
          const more = write(now);
          if (left > 0) return more;
          rsync.stdin.end();
          rsync.stdout.destroy();
          reject(new ConnectionLost("the connection was cut"));
          return more;
        }) as typeof rsync.stdin.write;
      });
      lost.catch(() => undefined);
      return { ...rsync, exited: Promise.race([lost, rsync.exited]) };
    },
  };
  return { connection, ended: () => Promise.allSettled(exits) };
}
