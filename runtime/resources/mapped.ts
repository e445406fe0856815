import { closeSync, openSync } from "node:fs";
import { type Gate, mapAndLetOn, openGate } from "../host/gate.ts";
import type { Shim } from "../host/shim.ts";
import { identity } from "../host/users/identity.ts";
import { CLONE, SIGNAL } from "../linux.ts";
import { encodePlan } from "../plan/codec.ts";
import { type Namespaces, namespacesFor, needsIdMapper } from "../spec/namespaces.ts";

const SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Removes a directory as the root of a user namespace with the users of a container: only that may remove what its other
 * users own. Returns whether it did.
 */
export async function removeAsRootOfMapped(shim: Shim, path: string): Promise<boolean> {
  const linux = namespacesFor(identity(), { network: "host" });
  if (!needsIdMapper(linux)) return false;
  const gate = openGate(shim);
  const spawned = spawnRemoval(shim, gate, path);
  if ("errno" in spawned) {
    shim.close(gate.end);
    return false;
  }
  const exited = new Promise<boolean>((resolve) => {
    shim.listen(spawned.container, (event) => {
      if (event.kind === "exited") resolve(event.exitCode === 0);
    });
  });
  return release(shim, gate, spawned, linux, exited);
}

function spawnRemoval(shim: Shim, gate: Gate, path: string): ReturnType<Shim["spawn"]> {
  const devNull = openSync("/dev/null", "r+");
  try {
    return shim.spawn({
      plan: encodePlan(
        [
          { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "dieWithParent" },
          { op: "AWAIT", slot: 0, reason: "mapIds" },
          { op: "EXEC", args: ["rm", "-rf", "--", path], env: [`PATH=${SEARCH}`], search: SEARCH, reason: "exec" },
        ],
        false,
      ),
      namespaces: CLONE.CLONE_NEWUSER,
      stdio: [devNull, devNull, devNull],
      lock: -1,
      terminal: false,
      extra: [gate.slot],
    });
  } finally {
    closeSync(devNull);
    shim.close(gate.slot);
  }
}

async function release(
  shim: Shim,
  gate: Gate,
  { pid, pidfd }: { readonly pid: number; readonly pidfd: number },
  linux: Namespaces,
  exited: Promise<boolean>,
): Promise<boolean> {
  try {
    await mapAndLetOn(gate, pid, linux);
  } catch {
    shim.signal(pidfd, SIGNAL.SIGKILL);
  } finally {
    shim.close(gate.end);
  }
  const isRemoved = await exited;
  shim.close(pidfd);
  return isRemoved;
}
