import type { Reason } from "../explain/reason.ts";
import type { Errno } from "../linux.ts";
import type { DeviceRule } from "../spec/security/device-rules.ts";
import type { Place } from "./place.ts";

/** One thing done outside the container, before its first process exists. `cgroup` is a directory. */
export type CgroupStep = {
  readonly cgroup: string;
  readonly reason: Reason;
  /** The container starts even if this step fails with that errno; if it was to make the cgroup, without it. */
  readonly excusedBy?: Errno;
} & (
  | {
      /** systemd makes it, and leaves it to tinydocker. */
      readonly op: "CGROUP_DELEGATE";
    }
  | {
      readonly op: "CGROUP_MAKE";
      /** One of all containers here, which may exist. */
      readonly shared: boolean;
    }
  | { readonly op: "CGROUP_WRITE"; readonly file: string; readonly content: string }
  /** Which devices it can use. */
  | { readonly op: "CGROUP_DEVICES"; readonly version: 1 | 2; readonly rules: readonly DeviceRule[] }
  /** The first process starts in it. */
  | ({ readonly op: "CGROUP_JOIN"; readonly controllers: readonly string[] } & Place)
);

export type Join = CgroupStep & { readonly op: "CGROUP_JOIN" };

/** Where these steps make cgroups of the container's own. */
export function placesIn(steps: readonly CgroupStep[]): Place[] {
  return steps.flatMap((step) =>
    step.op === "CGROUP_JOIN" ? [{ version: step.version, directory: step.directory }] : [],
  );
}

/** The one with that controller. */
export function joined(controller: string, steps: readonly CgroupStep[]): Join | undefined {
  return steps.find((step): step is Join => step.op === "CGROUP_JOIN" && step.controllers.includes(controller));
}
