import { encodePlan } from "../../plan/codec.ts";
import { execPlanOf } from "../../plan/exec.ts";
import type { Health } from "../../spec/health.ts";
import type { ContainerSpec } from "../../spec/spec.ts";
import { processFacts } from "./host-facts.ts";

/** The plan by which a monitor runs a health check in the container. `tasks`: how many cgroups of version 1 that has. */
export function healthPlan(spec: ContainerSpec, { test }: Health, tasks: number): Uint8Array {
  const { init: _, ...process } = spec.process;
  const inside = { ...spec, process: { ...process, terminal: false, args: argumentsOf(test) } };
  return encodePlan(execPlanOf(inside, { ...processFacts(), tasks, life: "checked" }).steps, false);
}

function argumentsOf([kind, ...words]: readonly string[]): readonly string[] {
  return kind === "CMD-SHELL" ? ["/bin/sh", "-c", ...words] : words;
}
