import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cgroupSteps } from "../../cgroup/plan.ts";
import { doCgroupStep } from "../../host/cgroup/cgroup.ts";
import { cgroupFacts } from "../../host/cgroup/hierarchies.ts";
import { openShim, type Shim } from "../../host/shim.ts";
import { cgroupName } from "../../resources/cgroup.ts";
import { type LimitRequest, type Resources, resourcesOf } from "../../spec/limits/resources.ts";
import type { Places } from "../../state/places.ts";
import type { Found } from "../../state/status.ts";
import { outsideFailure } from "../failure/diagnose.ts";
import { cgroupsOf } from "./running.ts";

/** What a container is limited to with these changes; undefined: there are none. Throws Failure. */
export function newLimits(old: Resources, request: LimitRequest): Resources | undefined {
  if (Object.values(request).every((value) => value === undefined)) return undefined;
  const { memory, cpu, pids } = changedIn(old, request);
  return {
    ...old,
    memory: { ...old.memory, ...memory },
    cpu: { ...old.cpu, ...cpu },
    pids: request.pidsLimit === undefined ? old.pids : pids,
  };
}

/** --memory-swap alone is about the memory limit that there is. */
function changedIn({ memory }: Resources, request: LimitRequest): Omit<Resources, "devices"> {
  const isSwapAlone = request.memorySwap !== undefined && request.memory === undefined;
  return resourcesOf({
    ...request,
    ...(isSwapAlone && memory.limit !== undefined ? { memory: String(memory.limit) } : {}),
  });
}

/** Limits the cgroups of a container that runs. Throws Failure for what the kernel refuses. */
export async function limitNow(places: Places, { record, entries }: Found, request: LimitRequest): Promise<void> {
  const { spec } = record;
  const { resources: old } = spec.linux;
  if (!newLimits(old, request)) return;
  const resources = { ...changedIn(old, request), devices: [] };
  const shim = await openShim();
  const asked = { ...spec, linux: { ...spec.linux, resources } };
  const steps = cgroupSteps(asked, cgroupFacts(resources, cgroupName(places)));
  const writes = steps.filter(({ op, reason }) => op === "CGROUP_WRITE" && reason !== "cgroupEnable");
  const limits = writes.filter(({ reason }) => reason !== "cpusetInherited");
  for (const step of steps.filter(({ reason }) => reason === "cgroupEnable")) apply(shim, step);
  // Memory and swap together are never limited to less than memory alone.
  const isMore = (resources.memory.limit ?? 0) > (old.memory.limit ?? Number.POSITIVE_INFINITY);
  for (const step of isMore ? limits.toReversed() : limits) apply(shim, step);
  if (request.pidsLimit !== undefined && resources.pids.limit === undefined) allowAnyPids(places, entries);
}

function apply(shim: Shim, step: ReturnType<typeof cgroupSteps>[number]): void {
  try {
    doCgroupStep(shim, step);
  } catch (error) {
    if (!(error instanceof Error && "errno" in error)) throw error;
    throw outsideFailure(step, -Number(error.errno));
  }
}

function allowAnyPids(places: Places, entries: Found["entries"]): void {
  for (const { path } of cgroupsOf(places, entries)) {
    const file = join(path, "pids.max");
    if (existsSync(file)) writeFileSync(file, "max");
  }
}
