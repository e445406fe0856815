import { Failure } from "../../failure.ts";
import type { ShimEvent } from "../../host/events.ts";
import type { Step } from "../../plan/step.ts";
import type { Observer } from "../running/container.ts";

/** Calls an observer of the start. Throws Failure when it throws. */
export function observed(observe: () => void): void {
  try {
    observe();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure(`the observer of the start failed: ${why}`, { code: "observer-failed", cause });
  }
}

/** Tells an observer of a step that was taken or skipped; of other events nothing. Throws Failure when it throws. */
export function observedStep(observer: Observer | undefined, steps: readonly Step[], event: ShimEvent): void {
  const step = "step" in event ? steps[event.step] : undefined;
  if (event.kind === "step" && step) observed(() => observer?.took(step, event.nanoseconds));
  if (event.kind === "skipped" && step) observed(() => observer?.skipped(step, event.errno));
}
