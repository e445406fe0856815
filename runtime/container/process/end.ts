import { Failure } from "../../failure.ts";
import { removeLink } from "../../resources/bridge.ts";
import { undoAll } from "../../state/entry.ts";
import type { ExitStatus } from "../../state/exit.ts";
import { statusText, stepFailure } from "../failure/diagnose.ts";
import type { Attempt, Ended } from "./attempt.ts";
import type { Launch } from "./launch.ts";

/** What the first attempt made, so that the second can make it anew; the container keeps its addresses. Throws Failure. */
export async function undoFirst({ shim, held, network }: Launch): Promise<void> {
  // Without `connect` it is one that was there before the first attempt.
  const kinds = ["directory", "cgroups", ...(network.connect ? ["helper"] : [])];
  const made = held.entries.filter(({ resource: { kind } }) => kinds.includes(kind));
  await undoAll(shim, held.places, made);
  for (const { veth } of network.facts.links) removeLink(shim, veth);
}

/** How the command ended, if it ran. Throws Failure where it did not. `killedFor`: the signal in place of which it was killed. */
export function statusOf(
  { plan }: Attempt,
  end: Ended,
  { spec }: Launch,
  killedFor: NodeJS.Signals | undefined,
): ExitStatus {
  if (end.before.state === "aborted") throw end.before.error;
  if (killedFor !== undefined && end.status.signal === "SIGKILL") return { code: null, signal: killedFor };
  switch (end.before.state) {
    case "running":
      return end.status;
    case "failed":
      throw stepFailure(plan.steps[end.before.step], end.before.errno, end.before.object, spec);
    case "starting":
      throw new Failure(`the container's init ended before it ran the command: ${statusText(end.status)}`, {
        code: "init-ended",
        remedy: end.status.oomKilled
          ? "it used up its memory: allow it more with -m"
          : "something outside ended it, such as the out-of-memory killer; see dmesg",
      });
  }
}
