import { cgroupAt } from "../cgroup/place.ts";
import type { Preparation } from "../plan/step.ts";
import { cgroupName } from "../resources/cgroup.ts";
import type { Entry } from "../state/entry.ts";
import type { Places } from "../state/places.ts";
import type { Found } from "../state/status.ts";
import { type Language, reasonText } from "./reason.ts";

interface Frozen {
  readonly version: 1 | 2;
  readonly path: string;
}

export interface Stopping {
  readonly signal: string;
  /** Until it is killed; -1: never. */
  readonly seconds: number;
  /** Where its processes are stopped, if they are. */
  readonly frozen: Frozen | undefined;
}

/** What `stop` will do of a container, in order: a call, and the reason for it. */
export function stopCalls(places: Places, found: Found, { signal, seconds, frozen }: Stopping): Preparation[] {
  const { status, monitor, entries } = found;
  if (status.state === "created" || status.state === "stopped") return [];
  const { pid } = status.state === "running" ? status.process : { pid: undefined };
  const ending: Preparation[] = pid === undefined ? [] : endCalls(pid, signal, seconds);
  return [
    ...(monitor ? [{ call: `pidfd_send_signal(${monitor.pid}, SIGTERM)`, reason: "letEnd" } as const] : []),
    ...(frozen ? [{ call: thawCall(frozen), reason: "thaw" } as const] : []),
    ...ending,
    { call: `flock("${places.lock}", LOCK_EX)`, reason: "takeName" },
    ...undoCalls(
      places,
      entries.filter(({ until }) => until === "exit" || found.record.remove === "at exit"),
    ),
    { call: `unlink("${places.lock}")`, reason: "freeName" },
  ];
}

function thawCall({ version, path }: Frozen): string {
  return version === 1 ? `write("${path}/freezer.state", "THAWED")` : `write("${path}/cgroup.freeze", "0")`;
}

function endCalls(pid: number, signal: string, seconds: number): Preparation[] {
  if (signal === "SIGKILL") return [{ call: `pidfd_send_signal(${pid}, SIGKILL)`, reason: "killSignal" }];
  const sent: Preparation = { call: `pidfd_send_signal(${pid}, ${signal})`, reason: "stopSignal" };
  if (seconds < 0) return [sent, { call: `poll(pidfd of ${pid}, -1)`, reason: "awaitEndForEver" }];
  return [
    sent,
    { call: `poll(pidfd of ${pid}, ${seconds * 1000})`, reason: "awaitEnd" },
    { call: `pidfd_send_signal(${pid}, SIGKILL)`, reason: "killLate" },
  ];
}

/** What `rm` will do of one that does not run. `volumes`: those that go with it. */
export function removeCalls(places: Places, { record }: Found, volumes: readonly string[]): Preparation[] {
  return [
    { call: `flock("${places.lock}", LOCK_EX)`, reason: "takeName" },
    { call: `unlink("${places.record}")`, reason: "removeRecord" },
    ...undoCalls(places, record.entries),
    ...volumes.map((name): Preparation => ({ call: `remove("${places.root}/volumes/${name}")`, reason: "undoVolume" })),
    { call: `unlink("${places.lock}")`, reason: "freeName" },
  ];
}

function undoCalls(places: Places, entries: readonly Entry[]): Preparation[] {
  return entries.toReversed().flatMap((entry) => undoCall(places, entry));
}

const DIRECTORY_REASONS = { upper: "undoUpper", work: "undoWork", monitor: "undoMonitor" } as const;

function undoCall(places: Places, { resource }: Entry): Preparation[] {
  switch (resource.kind) {
    case "directory":
      return [{ call: `remove("${places[resource.which]}")`, reason: DIRECTORY_REASONS[resource.which] }];
    case "process":
      return [{ call: `pidfd_send_signal(${resource.pid}, SIGKILL)`, reason: "undoProcess" }];
    case "helper":
      return [{ call: `pidfd_send_signal(${resource.pid}, SIGKILL)`, reason: "undoHelper" }];
    case "lease":
      return [{ call: `write("${places.root}/networks/leases")`, reason: "undoLease" }];
    case "cgroups":
      return resource.places.map((place) => ({
        call: `rmdir("${cgroupAt(place, cgroupName(places))}")`,
        reason: "undoCgroup",
      }));
    case "volume":
      return [{ call: `remove("${places.root}/volumes/${resource.name}")`, reason: "undoVolume" }];
  }
}

/** Numbered, each with a line for the reason, as explainPlan() has them. */
export function callsText(calls: readonly Preparation[], language: Language): string {
  return calls
    .map(({ call, reason }, i) => `${String(i + 1).padStart(3)}  ${call}\n     ${reasonText(reason, language)}\n`)
    .join("");
}
