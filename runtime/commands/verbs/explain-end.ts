import { cgroupsOf } from "../../container/running.ts";
import { type StopOptions, stoppingOf } from "../../container/stop.ts";
import { isFrozen } from "../../host/cgroup/freezer.ts";
import type { Preparation } from "../../plan/step.ts";
import { type Handle, lookAt } from "../../state/handle.ts";
import { placesAt } from "../../state/places.ts";
import { ownVolumes } from "../../volume/ready.ts";
import { say } from "../say.ts";

export const EXPLAIN_OPTION = {
  type: "boolean",
  describe: "print each step with the reason for it first, and then how long all took",
} as const;

/** Prints what stopping it does, on standard error, and returns what then prints how long it took. Nothing where it does not run. */
export async function explainStop(container: Handle, options: StopOptions): Promise<() => void> {
  return print(await stopping(container, options));
}

/** The same of its removal. */
export async function explainRemoval(
  container: Handle,
  asked: { force: boolean; volumes: boolean },
): Promise<() => void> {
  const { removeCalls } = await import("../../explain/end.ts");
  const { root, key } = container;
  const places = placesAt(root, key);
  const found = lookAt(container);
  if (!found) return () => {};
  const own = asked.volumes ? ownVolumes(root, found.record.spec).map((volume) => volume.name) : [];
  const first = asked.force ? await stopping(container, { signal: "SIGKILL" }) : [];
  const isGone = first.length > 0 && found.record.remove === "at exit";
  return print([...first, ...(isGone ? [] : removeCalls(places, found, own))]);
}

async function stopping(container: Handle, options: StopOptions): Promise<Preparation[]> {
  const { stopCalls } = await import("../../explain/end.ts");
  const places = placesAt(container.root, container.key);
  const found = lookAt(container);
  if (!found) return [];
  const frozen = cgroupsOf(places, found.entries).find(({ path, version }) => isFrozen(path, version));
  return stopCalls(places, found, { ...stoppingOf(found.record.life, options), frozen });
}

async function print(calls: readonly Preparation[]): Promise<() => void> {
  if (calls.length === 0) return () => {};
  const { callsText } = await import("../../explain/end.ts");
  const { totalText } = await import("../../explain/explain.ts");
  const { languageOf } = await import("../../explain/reason.ts");
  const language = languageOf(process.env);
  say(callsText(calls, language));
  const begin = process.hrtime.bigint();
  return () => say(totalText(process.hrtime.bigint() - begin, language));
}
