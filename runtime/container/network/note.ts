import { closeSync, constants, openSync } from "node:fs";
import type { ProcessIdentity } from "../../host/process.ts";
import type { Shim } from "../../host/shim.ts";
import { encodePlan } from "../../plan/codec.ts";
import type { LinkFacts } from "../../plan/host-facts.ts";
import { planOf } from "../../plan/plan.ts";
import { hostsPath } from "../../resources/hosts-file.ts";
import type { RequestedAttachment } from "../../spec/network.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import { awaitLock } from "../../state/lock.ts";
import type { Places } from "../../state/places.ts";
import { replaceIn } from "../../state/replace-file.ts";
import { type Found, find } from "../../state/status.ts";
import { hostFacts } from "../process/host-facts.ts";
import { resolverFor } from "./name-files.ts";

/** What a container is to be on from now on, by what it was. */
export type Change = (attachments: readonly RequestedAttachment[]) => readonly RequestedAttachment[];

/** Of one that does not run, or whose next start is by a command. */
export function noteNetworks({ networks }: Places, { record }: Found, change: Change): void {
  const attachments = change(record.spec.network.attachments);
  replaceIn(networks, { content: `${JSON.stringify(attachments)}\n`, lasting: true });
}

/**
 * Of one that is up, with the plan of its next start by its monitor, which then gives it these links. Returns the process that runs:
 * each that its monitor starts later has that plan.
 */
export async function noteForMonitor(
  shim: Shim,
  places: Places,
  change: Change,
  links: readonly LinkFacts[],
): Promise<ProcessIdentity | undefined> {
  const found = find(places);
  // One in the foreground is gone at its end.
  if (!found?.record.life) return found && runningOf(found);
  const { record } = found;
  const directory = openSync(places.monitor, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    // Its monitor has it from before it opens the plan until the process is recorded.
    await awaitLock(shim, directory, places.monitor, `the container ${record.name}`);
    noteNetworks(places, found, change);
    if (record.remove === "on request") {
      const content = encodePlan(nextPlan(record.spec, places, links).steps, false);
      replaceIn(places.plan, { content, lasting: false });
    }
    const now = find(places);
    return now && runningOf(now);
  } finally {
    closeSync(directory);
  }
}

function nextPlan(spec: ContainerSpec, places: Places, links: readonly LinkFacts[]) {
  const network = {
    hosts: "",
    hostsFile: hostsPath(places.root, places.key),
    resolvConf: resolverFor(spec, () => {}),
    links: links.map((link) => ({ ...link, isAgain: true as const })),
  };
  return planOf(spec, hostFacts(spec, places, { upperInMemory: false, upperKept: true }, network));
}

function runningOf({ status }: Found): ProcessIdentity | undefined {
  return status.state === "running" ? status.process : undefined;
}
