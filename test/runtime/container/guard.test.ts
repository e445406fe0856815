import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { gone, kill, written } from "../../rig/processes.ts";
import { importBusybox, outcomeOf, type Tinydocker, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);

let containers = 0;

/** Starts a container whose command prints something, and returns the processes of tinydocker and on the machine. */
async function started(from: Tinydocker, options: readonly string[], command: readonly string[]) {
  const name = `c${++containers}`;
  const child = from.spawn(["run", "--image", "box", "--network", "none", ...options, name, ...command]);
  const outcome = outcomeOf(child);
  // It would keep a failed test from ending.
  after(() => void child.kill("SIGKILL"));
  await once(child.stdout as NodeJS.ReadableStream, "data");
  // The command may be quicker than the start of its guard, which comes before this is told.
  await written(join(from.root, "events"), new RegExp(`"action":"start",.*"name":"${name}"`));
  return { tinydocker: child.pid ?? 0, outcome, children: childrenOf(child.pid ?? 0) };
}

/** By their names. From every process's parent, because a thread's list of children can miss some of them. */
function childrenOf(parent: number): ReadonlyMap<string, number> {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parentOf(name) === parent);
  return new Map(pids.map((pid) => [textOf(`/proc/${pid}/cmdline`).split("\0")[0] ?? "", Number(pid)]));
}

function parentOf(pid: string): number {
  const stat = textOf(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Empty if the process has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Becomes another user, which clears the death signal of pid 1. */
const TAIL = ["busybox", "tail", "-f", "/proc/version"];
const UNASKED = ["setpriv", "--pdeathsig", "clear", "tail", "-f", "/proc/version"];
const OTHER_USER = ["busybox", "su", "-s", "/bin/sh", "ann", "-c", `exec ${TAIL.join(" ")}`];

describe("kill -9 of tinydocker", () => {
  for (const [what, options, command] of [
    ["that changed its user", [], OTHER_USER],
    ["that changed its user below --init", ["--init"], OTHER_USER],
    ["that may gain rights", ["-u", "ann", "--security-opt", "no-new-privileges=false"], TAIL],
    ["that can do neither", ["-u", "ann"], TAIL],
    ["that asked the kernel not to", ["-u", "1000", "--image", "host"], UNASKED],
  ] as const) {
    it(`ends a container ${what}`, async () => {
      const { tinydocker, outcome, children } = await started(rig, options, command);
      kill(tinydocker);
      await outcome;
      for (const pid of children.values()) await gone(pid);
    });
  }

  it("finds a guard that no signal to tinydocker's own group has ended", async () => {
    const { outcome, children } = await started(rig, [], OTHER_USER);
    const guard = children.get("tinydocker-guard") ?? assert.fail("there is no guard");
    const stat = readFileSync(`/proc/${guard}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    assert.equal(Number(stat[2]), guard, "its process group");
    const [, container = 0] = [...children].find(([name]) => name === "busybox") ?? [];
    kill(container);
    assert.equal((await outcome).code, 137);
    await gone(guard);
  });
});
