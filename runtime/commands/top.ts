import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { notRunning, openRunning } from "../container/running/running.ts";
import { containerEvent } from "../events/container.ts";
import { Failure } from "../failure.ts";
import { isEnding } from "../host/process.ts";
import { openShim } from "../host/shim.ts";
import { handleOf } from "../state/containers.ts";
import { stateRoot } from "../state/root.ts";
import { membersOf } from "../stats/sample.ts";
import { writeAll } from "./output/write.ts";

/** Lists the processes of the container that the first argument names, by this machine's ps with the others. Returns the exit code. Throws Failure. */
export async function topCommand(args: readonly string[]): Promise<number> {
  const [asked, ...options] = args[0] === "--" ? args.slice(1) : args;
  if (asked === undefined)
    throw new Failure("the name of the container is missing", {
      code: "usage",
      remedy: "tinydocker top NAME [OPTION OF PS…]",
    });
  writeAll(1, listed(ps(options.length > 0 ? options : ["-ef"]), await processes(asked)));
  return 0;
}

/** Also those in a pid namespace that the container made, where it has a cgroup. */
async function processes(asked: string): Promise<ReadonlySet<number>> {
  const root = resolve(stateRoot());
  const shim = await openShim();
  const container = handleOf(root, asked);
  const { process, pidfd, cgroups, record } = await openRunning(shim, container);
  shim.close(pidfd);
  containerEvent(root, "top", record);
  const members = membersOf(
    cgroups.map(({ path }) => path),
    process.pid,
  );
  // They may be another container's by now, or the machine's.
  if (isEnding(process)) throw notRunning(container.name, "stopped");
  return new Set(members);
}

/** A column cut to the width of a terminal would be cut in the middle of a table. */
const WIDE = "10000";

function ps(options: readonly string[]): string {
  try {
    return execFileSync("ps", options, { encoding: "utf8", stdio: "pipe", env: { ...process.env, COLUMNS: WIDE } });
  } catch (error) {
    const { code, stderr } = error as { readonly code?: string; readonly stderr?: string };
    if (code === "ENOENT")
      throw new Failure("ps is not installed on this machine", {
        code: "usage",
        remedy: "install it (package procps), or run ps in the container: tinydocker exec NAME ps",
      });
    throw new Failure(`ps ${options.join(" ")} failed: ${stderr?.trim().split("\n")[0] ?? error}`, {
      code: "usage",
      cause: error,
    });
  }
}

function listed(table: string, pids: ReadonlySet<number>): string {
  const [head = "", ...rows] = table.trimEnd().split("\n");
  const column = head.trim().split(/\s+/).indexOf("PID");
  if (column < 0)
    throw new Failure("ps printed no column PID, by which the container's processes are found", {
      code: "usage",
      remedy: "add it to the columns, such as -o pid,comm",
    });
  const own = rows.filter((row) => pids.has(Number(row.trim().split(/\s+/)[column])));
  return [head, ...own].map((line) => `${line}\n`).join("");
}
