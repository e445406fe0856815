import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { childNamed, childrenOf, guardOf } from "../../rig/children.ts";
import { gone, kill } from "../../rig/processes.ts";
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
  const pid = child.pid ?? 0;
  return { tinydocker: pid, outcome, children: childrenOf(pid) };
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
      for (const pid of children) await gone(pid);
    });
  }

  it("finds a guard that no signal to tinydocker's own group has ended", async () => {
    const { tinydocker, outcome } = await started(rig, [], OTHER_USER);
    const guard = guardOf(tinydocker);
    const stat = readFileSync(`/proc/${guard}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    assert.equal(Number(stat[2]), guard, "its process group");
    kill(childNamed(tinydocker, "busybox"));
    assert.equal((await outcome).code, 137);
    await gone(guard);
  });
});
