import { SIGNAL } from "../linux.ts";
import { needsIdMapper } from "../spec/namespaces.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import type { HostFacts } from "./host-facts.ts";
import { isBind, mountSource, mountTarget, propagatedSource } from "./mounts.ts";
import { CLONE_NEW } from "./namespaces.ts";
import { commandStep } from "./process.ts";
import { rootOf, rootSteps } from "./root.ts";
import type { Plan, Step } from "./step.ts";

/** What the process waits for: its users, and in the end for ever. */
const GATE_SLOT = 0;
const FIRST_SLOT = 1;
const OLD_ROOT_SLOT = 254;

/**
 * A process that has the files of a container as its root, with what of the machine is mounted there, and runs nothing: the last
 * step, which is the command, is never reached. Pure.
 */
export function viewOf(spec: ContainerSpec, host: HostFacts): Plan {
  const mounts = spec.mounts.filter(isBind);
  const { linux } = spec;
  const isMade = ({ type }: { readonly type: string }) => type === "mount" || type === "user";
  const steps: Step[] = [
    { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "dieWithParent" },
    ...(needsIdMapper(linux) ? [{ op: "AWAIT", slot: GATE_SLOT, reason: "mapIds" } as const] : []),
    ...mounts.flatMap((mount, i) => propagatedSource(mount, FIRST_SLOT + i)),
    { op: "PRIVATE", reason: "private" },
    ...rootSteps(spec, host, OLD_ROOT_SLOT),
    ...mounts.flatMap((mount, i) => mountSource(mount, FIRST_SLOT + i, linux, host)),
    { op: "PIVOT_ROOT", slot: OLD_ROOT_SLOT, path: rootOf(spec, host), reason: "pivot" },
    { op: "DETACH", slot: OLD_ROOT_SLOT, reason: "detach" },
    ...mounts.flatMap((mount, i) => mountTarget(mount, FIRST_SLOT + i, linux, host)),
    { op: "AWAIT", slot: GATE_SLOT, reason: "viewed" },
    commandStep(spec),
  ];
  const namespaces = linux.namespaces.filter(isMade).reduce((flags, { type }) => flags | CLONE_NEW[type], 0);
  return { guarded: false, outside: [], namespaces, steps };
}
