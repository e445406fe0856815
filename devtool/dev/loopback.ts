import { readlink } from "node:fs/promises";
import { Failure } from "../failure.ts";
import { endpointText } from "../ports/endpoint.ts";
import { listensOn, type Mapping, mappingText } from "../ports/mapping.ts";
import { capture } from "../targets/capture.ts";
import type { Connection } from "../targets/target.ts";
import { bootHere } from "./lane/mirror.ts";
import type { Session } from "./session.ts";

const NETWORK = "/proc/self/ns/net";

/**
 * Refuses ports that are forwarded to themselves, as those of a target that is this machine would be: each connection would
 * make the next one. @throws Failure, exit code 2
 */
export async function refuseLoops(
  { forward, reverse }: Session["ports"],
  { connection, boot }: { readonly connection: Connection; readonly boot: string },
  where: string,
  signal: AbortSignal,
): Promise<void> {
  const loop = loopIn([...forward, ...reverse]);
  if (loop === undefined || boot !== bootHere() || !(await hasOurNetwork(connection, signal))) return;
  throw new Failure(
    `${where} is this machine, so ${mappingText(loop)} would forward ${endpointText(loop.listen)} to itself`,
    {
      code: "usage",
      remedy: "leave it out, as what listens there can be reached here already, or forward another port: OTHER:PORT",
      exitCode: 2,
    },
  );
}

/** One whose connections come back to it, if both sides are one machine. */
function loopIn(mappings: readonly Mapping[]): Mapping | undefined {
  return mappings.find((first) => {
    let at: Mapping | undefined = first;
    for (let steps = 0; steps < mappings.length && at; steps += 1) {
      const { to }: Mapping = at;
      if (listensOn(first, to)) return true;
      at = mappings.find((mapping) => listensOn(mapping, to));
    }
    return false;
  });
}

/** A container on this machine, say, has another. */
async function hasOurNetwork(connection: Connection, signal: AbortSignal): Promise<boolean> {
  const { stdout } = await capture(connection, ["readlink", NETWORK], { signal });
  return stdout.toString().trim() === (await readlink(NETWORK).catch(() => undefined));
}
