import { Failure } from "../failure.ts";
import { isOfDevices } from "../spec/mount-requests/bind.ts";
import type { DeviceRule } from "../spec/security/device-rules.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { checkAvailable } from "./available.ts";
import type { CgroupFacts, Hierarchy } from "./hierarchy.ts";
import { type Limit, limitsV1, limitsV2 } from "./limits.ts";
import { cgroupAt, sharedCgroup } from "./place.ts";
import type { CgroupStep } from "./step.ts";

/**
 * Makes a cgroup of the container's own in every hierarchy: from its caller's it could mount the hierarchy and freeze or
 * end its caller. Throws Failure for a limit that this machine can't apply.
 */
export function cgroupSteps({ mounts, linux: { resources } }: ContainerSpec, facts: CgroupFacts): CgroupStep[] {
  checkAvailable(resources, facts);
  const missing = limitsV2(resources).find(({ controller }) => !facts.hierarchies.some((one) => has(one, controller)));
  if (missing) throw unavailable(missing.controller, facts);
  const showsDevices = mounts.some(({ type, source }) => type === "bind" && isOfDevices(source));
  const devices = resources.devices.length > 0 && facts.usesDevices ? deviceHierarchy(facts) : undefined;
  return facts.hierarchies.flatMap((hierarchy) => {
    const { directory, version } = hierarchy;
    if (directory === undefined) return [];
    const limits = (version === 1 ? limitsV1 : limitsV2)(resources).filter(({ controller }) =>
      has(hierarchy, controller),
    );
    const cgroup = cgroupAt({ version, directory }, facts.name);
    return [
      ...(hierarchy.toDelegate
        ? [{ op: "CGROUP_DELEGATE", cgroup: directory, reason: "cgroupDelegate" } as const]
        : []),
      ...(version === 1 ? [] : shared(hierarchy, directory, limits)),
      // The kernel lets a process that may not make one change none either.
      { op: "CGROUP_MAKE", cgroup, shared: false, reason: "cgroupOwn", ...(limits.length > 0 ? {} : MAY_BE_DENIED) },
      ...inherited(hierarchy, cgroup),
      ...(hierarchy === devices ? [deviceStep(resources.devices, cgroup, version, showsDevices)] : []),
      ...limits.map(({ file, content, reason }) => ({ op: "CGROUP_WRITE", cgroup, file, content, reason }) as const),
      { op: "CGROUP_JOIN", cgroup, version, directory, controllers: joined(hierarchy, limits), reason: "cgroupJoin" },
    ];
  });
}

const MAY_BE_DENIED = { excusedBy: "EACCES" } as const;

/** Version 1 has another name for the controller `io`. */
function has({ version, directory, controllers }: Hierarchy, controller: string): boolean {
  return directory !== undefined && controllers.includes(version === 1 && controller === "io" ? "blkio" : controller);
}

/** Version 2 has no controller for them: a program is attached to the cgroup. */
export function deviceHierarchy({ hierarchies }: CgroupFacts): Hierarchy | undefined {
  const usable = hierarchies.filter(({ directory }) => directory !== undefined);
  return (
    usable.find(({ controllers }) => controllers.includes("devices")) ?? usable.find(({ version }) => version === 2)
  );
}

/** `showsDevices`: the host's /dev, or a part of it, is mounted, and only the rules limit it. */
function deviceStep(rules: readonly DeviceRule[], cgroup: string, version: 1 | 2, showsDevices: boolean): CgroupStep {
  const reason = rules[0]?.allow ? "cgroupAllDevices" : "cgroupDevices";
  // Every file system of a container is nodev else: on a kernel without BPF that remains.
  const excuse = version === 2 && !showsDevices ? ({ excusedBy: "ENOSYS" } as const) : {};
  return { op: "CGROUP_DEVICES", cgroup, version, rules, reason, ...excuse };
}

/** A cgroup v2 has the controllers that its limits need. */
function joined({ version, controllers }: Hierarchy, limits: readonly Limit[]): readonly string[] {
  return version === 1 ? controllers : controllersOf(limits);
}

function controllersOf(limits: readonly Limit[]): readonly string[] {
  return [...new Set(limits.map(({ controller }) => controller))];
}

/** Switches the controllers on that the limits need, from the top down, as cgroup v2 wants it. */
function shared({ enabled }: Hierarchy, directory: string, limits: readonly Limit[]): CgroupStep[] {
  const needed = controllersOf(limits);
  const on = (cgroup: string, already: readonly string[] = []): CgroupStep[] => {
    const missing = needed.filter((controller) => !already.includes(controller));
    const content = missing.map((controller) => `+${controller}`).join(" ");
    return missing.length === 0
      ? []
      : [{ op: "CGROUP_WRITE", cgroup, file: "cgroup.subtree_control", content, reason: "cgroupEnable" }];
  };
  const cgroup = sharedCgroup(directory);
  return [
    ...on(directory, enabled?.here),
    { op: "CGROUP_MAKE", cgroup, shared: true, reason: "cgroupShared", ...(needed.length > 0 ? {} : MAY_BE_DENIED) },
    ...on(cgroup, enabled?.ours),
  ];
}

/** A cgroup v1 without processors or memory nodes takes no process. */
function inherited({ cpuset }: Hierarchy, cgroup: string): CgroupStep[] {
  if (!cpuset) return [];
  return Object.entries(cpuset).map(([name, content]) => ({
    op: "CGROUP_WRITE",
    cgroup,
    file: `cpuset.${name}`,
    content,
    reason: "cpusetInherited",
  }));
}

function unavailable(controller: string, { hierarchies }: CgroupFacts): Failure {
  const [why, remedy] = whyUnavailable(hierarchies);
  return new Failure(`can't apply a limit of the cgroup controller ${controller}: ${why}`, {
    code: "limit-unavailable",
    remedy,
  });
}

function whyUnavailable(hierarchies: readonly Hierarchy[]): readonly [why: string, remedy: string] {
  if (hierarchies.some(({ directory, unmounted }) => directory === undefined && !unmounted))
    return [
      "this user may make no cgroup",
      "run tinydocker as root, or where systemd lets you: systemd-run --user --scope -p Delegate=yes tinydocker run …",
    ];
  const unified = hierarchies.find(({ version }) => version === 2);
  if (unified && hierarchies.length === 1)
    return [
      `${unified.directory}/cgroup.controllers does not list it`,
      "have it delegated, as with systemd's Delegate=, or look for cgroup_disable= in /proc/cmdline",
    ];
  return [
    "it is not mounted here, or only to be read",
    "mount it below /sys/fs/cgroup, or look for cgroup_disable= in /proc/cmdline",
  ];
}
