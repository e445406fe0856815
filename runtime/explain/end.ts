import { cgroupAt } from "../cgroup/place.ts";
import type { Preparation } from "../plan/step.ts";
import { cgroupName } from "../resources/cgroup.ts";
import type { Resource } from "../resources/resource.ts";
import type { OwnVolume } from "../resources/volume.ts";
import type { Entry } from "../state/entry.ts";
import type { Places } from "../state/places.ts";
import type { Found } from "../state/status.ts";
import type { Part, Timer } from "../state/timed.ts";
import { numbered, timeLine, totalText, WORDS } from "./explain.ts";
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

/** A call, or one in each hierarchy of cgroups, and the reason for it. */
export interface EndCall extends Preparation {
  readonly undoes?: Resource;
}

/** What `stop` will do of a container, in order. */
export function stopCalls(places: Places, found: Found, { signal, seconds, frozen }: Stopping): EndCall[] {
  const { status, monitor, entries } = found;
  if (status.state === "created" || status.state === "stopped") return [];
  const { pid } = status.state === "running" ? status.process : { pid: undefined };
  const ending: EndCall[] = pid === undefined ? [] : endCalls(pid, signal, seconds);
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

function endCalls(pid: number, signal: string, seconds: number): EndCall[] {
  if (signal === "SIGKILL") return [{ call: `pidfd_send_signal(${pid}, SIGKILL)`, reason: "killSignal" }];
  const sent: EndCall = { call: `pidfd_send_signal(${pid}, ${signal})`, reason: "stopSignal" };
  if (seconds < 0) return [sent, { call: `poll(pidfd of ${pid}, -1)`, reason: "awaitEndForEver" }];
  return [
    sent,
    { call: `poll(pidfd of ${pid}, ${seconds * 1000})`, reason: "awaitEnd" },
    { call: `pidfd_send_signal(${pid}, SIGKILL)`, reason: "killLate" },
  ];
}

/** What `rm` will do, behind what stops it first. One that is removed at its exit is gone then. `volumes`: those that go with it. */
export function removalCalls(
  places: Places,
  { record }: Found,
  stopped: readonly EndCall[],
  volumes: readonly OwnVolume[],
): EndCall[] {
  const removed = volumes.map((resource) => undoCall(places, resource));
  if (stopped.length > 0 && record.remove === "at exit") return [...stopped, ...removed];
  const [freed, ...ended] = stopped.toReversed();
  return [
    ...(freed ? ended.toReversed() : [{ call: `flock("${places.lock}", LOCK_EX)`, reason: "takeName" } as const]),
    { call: `unlink("${places.record}")`, reason: "removeRecord" },
    ...undoCalls(places, record.entries),
    freed ?? { call: `unlink("${places.lock}")`, reason: "freeName" },
    ...removed,
  ];
}

function undoCalls(places: Places, entries: readonly Entry[]): EndCall[] {
  return entries.toReversed().map(({ resource }) => undoCall(places, resource));
}

const DIRECTORY_REASONS = { upper: "undoUpper", work: "undoWork", monitor: "undoMonitor" } as const;

function undoCall(places: Places, resource: Resource): EndCall {
  return { ...undoing(places, resource), undoes: resource };
}

function undoing(places: Places, resource: Resource): Preparation {
  switch (resource.kind) {
    case "directory":
      return { call: `remove("${places[resource.which]}")`, reason: DIRECTORY_REASONS[resource.which] };
    case "process":
      return { call: `pidfd_send_signal(${resource.pid}, SIGKILL)`, reason: "undoProcess" };
    case "helper":
      return { call: `pidfd_send_signal(${resource.pid}, SIGKILL)`, reason: "undoHelper" };
    case "lease":
      return { call: `write("${places.root}/networks/leases")`, reason: "undoLease" };
    case "cgroups": {
      const name = cgroupName(places);
      return {
        call: resource.places.map((place) => `rmdir("${cgroupAt(place, name)}")`).join("\n     "),
        reason: "undoCgroup",
      };
    }
    case "volume":
      return { call: `remove("${places.root}/volumes/${resource.name}")`, reason: "undoVolume" };
  }
}

export interface Explained {
  readonly timer: Timer;
  /** Writes the times. */
  finish(): void;
}

/** Writes the numbered calls, each with a line for the reason, as explainPlan() has them, and how long each took when `finish` is called. */
export function explainCalls(calls: readonly EndCall[], language: Language, write: (text: string) => void): Explained {
  write(
    calls.map(({ call, reason }, i) => `${numbered(i + 1)} ${call}\n     ${reasonText(reason, language)}\n`).join(""),
  );
  const begin = process.hrtime.bigint();
  const times = new Map<EndCall, bigint>();
  return {
    timer(part, nanoseconds) {
      const call = calls.find((one) => !times.has(one) && isOf(one, part));
      if (call) times.set(call, nanoseconds);
    },
    finish: () => write(endTimes(calls, times, process.hrtime.bigint() - begin, language)),
  };
}

function isOf({ reason, undoes }: EndCall, part: Part): boolean {
  return typeof part === "string" ? reason === part : JSON.stringify(undoes) === JSON.stringify(part);
}

function endTimes(
  calls: readonly EndCall[],
  times: ReadonlyMap<EndCall, bigint>,
  total: bigint,
  language: Language,
): string {
  const lines = calls.flatMap((call, i) => {
    const took = times.get(call);
    return took === undefined ? [] : [timeLine(i + 1, took, call.call.replace(/\n.*/s, " …"))];
  });
  const others = lines.length < calls.length ? `     ${WORDS[language].others}\n` : "";
  return `${WORDS[language].took}\n${lines.join("")}${others}${totalText(total, language)}`;
}
