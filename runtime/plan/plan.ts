import { cgroupSteps } from "../cgroup/plan.ts";
import { CLONE, SIGNAL } from "../linux.ts";
import { hasNew, hasUserNamespace, type Namespace, needsIdMapper } from "../spec/namespaces.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import {
  deviceLinks,
  deviceNode,
  deviceSource,
  deviceTarget,
  makesNodes,
  ownTerminals,
  showsHostDevices,
} from "./devices.ts";
import type { HostFacts } from "./host-facts.ts";
import { joinSlots, joinSteps } from "./join.ts";
import { mountSource, mountTarget, otherSource, propagatedSource } from "./mounts.ts";
import { mountTable, nameFiles, nameSource, nameTarget } from "./names.ts";
import { CLONE_NEW } from "./namespaces.ts";
import { awaitNetwork, HOST_NETLINK_SLOT, networkSteps } from "./network.ts";
import { maskHost, protectPaths, workingDirectory } from "./paths.ts";
import { commandStep, machineSteps, oomScoreSteps, processSteps, sysctlSteps } from "./process.ts";
import { rootOf, rootSteps } from "./root.ts";
import type { Plan } from "./step.ts";

const FIRST_SLOT = HOST_NETLINK_SLOT + 1;
/** A pipe, where the init has to wait for its users or for a program. A container that waits has no cable, so no netlink socket. */
const GATE_SLOT = HOST_NETLINK_SLOT;
/** TD_REPORT_SLOT of native/plan.h. */
const REPORT_SLOT = 253;
/** The last but one, TD_SLOTS_MAX of native/plan.h; the last is the container's own netlink socket. */
const OLD_ROOT_SLOT = 254;

/** Every step up to the command, in order. Pure. Throws Failure for what can't be done on this machine. */
export function planOf(spec: ContainerSpec, host: HostFacts): Plan {
  const { mounts, linux } = spec;
  const { namespaces } = linux;
  const [made, devices] = makesNodes(spec) ? [linux.devices, []] : [[], linux.devices];
  const joins = joinSlots(spec);
  const firstSlot = FIRST_SLOT + joins.size;
  const deviceSlot = firstSlot + mounts.length;
  const names = nameFiles(spec, host);
  const nameSlot = deviceSlot + devices.length;
  const { links } = host.network;
  return {
    guarded: isGuarded(spec),
    outside: cgroupSteps(spec, host.cgroups),
    namespaces: namespaces.reduce((flags, namespace) => flags | newNamespace(namespace), 0) & ~madeByInit(spec),
    steps: [
      { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "dieWithParent" },
      ...(needsIdMapper(linux) ? [{ op: "AWAIT", slot: GATE_SLOT, reason: "mapIds" } as const] : []),
      ...joinSteps(namespaces, joins),
      // Made by clone3 it would begin at the caller's cgroup.
      { op: "UNSHARE", namespaces: CLONE.CLONE_NEWCGROUP, reason: "cgroupNamespace" },
      ...oomScoreSteps(spec),
      ...ownNetwork(spec),
      ...networkSteps(links, hasNew(linux, "pid")),
      ...mounts.flatMap((mount, i) => propagatedSource(mount, firstSlot + i)),
      { op: "PRIVATE", reason: "private" },
      ...mounts.flatMap((mount, i) => otherSource(mount, firstSlot + i, joins)),
      ...rootSteps(spec, host, OLD_ROOT_SLOT),
      ...mounts.flatMap((mount, i) => mountSource(mount, firstSlot + i, linux, host)),
      ...devices.flatMap((device, i) => deviceSource(device, deviceSlot + i)),
      ...names.flatMap((file, i) => nameSource(file, nameSlot + i)),
      { op: "PIVOT_ROOT", slot: OLD_ROOT_SLOT, path: rootOf(spec, host), reason: "pivot" },
      // Before any path of the image is resolved: until then ".." leads from / to the old root, which is mounted on it.
      { op: "DETACH", slot: OLD_ROOT_SLOT, reason: "detach" },
      ...mountTable(spec),
      ...mounts.flatMap((mount, i) => mountTarget(mount, firstSlot + i, linux, host)),
      ...names.flatMap((file, i) => nameTarget(file, nameSlot + i)),
      ...devices.flatMap((device, i) => deviceTarget(device, deviceSlot + i)),
      ...made.map(deviceNode),
      ...(showsHostDevices(spec) ? ownTerminals(nameSlot + names.length) : deviceLinks()),
      ...workingDirectory(spec),
      ...sysctlSteps(spec),
      ...protectPaths(spec),
      ...maskHost(spec, host),
      ...machineSteps(spec),
      ...awaitNetwork(links),
      ...(spec.network.mode === "user" ? [{ op: "AWAIT", slot: GATE_SLOT, reason: "connected" } as const] : []),
      ...(isGuarded(spec) ? [{ op: "AWAIT", slot: REPORT_SLOT, reason: "guarded" } as const] : []),
      ...processSteps(spec, host),
      commandStep(spec),
    ],
  };
}

function newNamespace({ type, container }: Namespace): number {
  return container === undefined ? CLONE_NEW[type] : 0;
}

/** What clone3 leaves to the init. */
function madeByInit(spec: ContainerSpec): number {
  return CLONE.CLONE_NEWCGROUP | ownNetwork(spec).reduce((flags, { namespaces }) => flags | namespaces, 0);
}

/**
 * The slowest namespace to make, and the process that calls clone3 waits for it. A user namespace has to own it, and a program
 * of the user's has to find it, so then it is made with that.
 */
function ownNetwork({ linux, network }: ContainerSpec) {
  if (!hasNew(linux, "network") || hasUserNamespace(linux) || network.mode === "user") return [];
  return [{ op: "UNSHARE", namespaces: CLONE.CLONE_NEWNET, reason: "networkNamespace" } as const];
}

/** Any process may clear its death signal, except the init that stays as pid 1. */
function isGuarded({ process: { init } }: ContainerSpec): boolean {
  return !init;
}
