import { SIGNAL } from "../linux.ts";
import { type Namespace, needsIdMapper } from "../spec/namespaces.ts";
import { joinedBy } from "../spec/sharing.ts";
import type { ContainerSpec } from "../spec/spec.ts";
import { CLONE_NEW } from "./namespaces.ts";
import type { Step } from "./step.ts";

/**
 * The slots of the containers that are joined, by id: a pidfd of the first process of each. They follow the plan's first slot
 * where that is in use.
 */
export function joinSlots({ linux, network }: ContainerSpec): ReadonlyMap<string, number> {
  const isFirstUsed = network.mode === "joined" || needsIdMapper(linux) || network.mode === "user";
  return new Map(joinedBy(linux).map((id, i) => [id, i + (isFirstUsed ? 1 : 0)]));
}

/** The init stays where it is until it is in all of them: it is the machine's root until then. */
export function joinSteps(namespaces: readonly Namespace[], slots: ReadonlyMap<string, number>): Step[] {
  const joins = [...slots].map(([id, slot]): Step => {
    const flags = namespaces.filter(({ container }) => container === id).map(({ type }) => CLONE_NEW[type]);
    return { op: "SETNS", slot, namespaces: flags.reduce((all, flag) => all | flag, 0), reason: "joinOther" };
  });
  return joinsPid(namespaces) ? [{ op: "DUMPABLE", dumpable: 0, reason: "untraceable" }, ...joins, ...INTO_PID] : joins;
}

/** Then the init goes on in a second process. */
export function joinsPid(namespaces: readonly Namespace[]): boolean {
  return namespaces.some(({ type, container }) => type === "pid" && container !== undefined);
}

/** Nothing is in it that early: the process is in its cgroups by now. */
const EMPTY_SLOT = 254;

const INTO_PID: readonly Step[] = [
  { op: "CLONE", slot: EMPTY_SLOT, reason: "joinPid" },
  { op: "PDEATHSIG", signal: SIGNAL.SIGKILL, reason: "execDiesToo" },
];
