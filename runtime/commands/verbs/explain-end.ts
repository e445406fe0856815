import { cgroupsOf } from "../../container/running/running.ts";
import { type StopOptions, stoppingOf } from "../../container/stop.ts";
import type { EndCall, Explained } from "../../explain/end.ts";
import { isFrozen } from "../../host/cgroup/freezer.ts";
import type { OwnVolume } from "../../resources/volume.ts";
import { type Handle, lookAt } from "../../state/handle.ts";
import { placesAt } from "../../state/places.ts";
import { say } from "../output/say.ts";

export const EXPLAIN_OPTION = {
  type: "boolean",
  describe: "print each step with the reason for it first, and then how long it took",
} as const;

/** Prints what stopping it does, on standard error. Undefined where it does not run. */
export async function explainStop(container: Handle, options: StopOptions): Promise<Explained | undefined> {
  return print(await stopping(container, options));
}

/** The same of its removal. `volumes`: those that go with it. */
export async function explainRemoval(
  container: Handle,
  force: boolean,
  volumes: readonly OwnVolume[],
): Promise<Explained | undefined> {
  const { removalCalls } = await import("../../explain/end.ts");
  const { root, key } = container;
  const found = lookAt(container);
  if (!found) return undefined;
  const stopped = force ? await stopping(container, { signal: "SIGKILL" }) : [];
  return print(removalCalls(placesAt(root, key), found, stopped, volumes));
}

async function stopping(container: Handle, options: StopOptions): Promise<EndCall[]> {
  const { stopCalls } = await import("../../explain/end.ts");
  const places = placesAt(container.root, container.key);
  const found = lookAt(container);
  if (!found) return [];
  const frozen = cgroupsOf(places, found.entries).find(({ path, version }) => isFrozen(path, version));
  return stopCalls(places, found, { ...stoppingOf(found.record.life, options), frozen });
}

async function print(calls: readonly EndCall[]): Promise<Explained | undefined> {
  if (calls.length === 0) return undefined;
  const { explainCalls } = await import("../../explain/end.ts");
  const { languageOf } = await import("../../explain/reason.ts");
  return explainCalls(calls, languageOf(process.env), say);
}
