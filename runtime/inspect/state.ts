import { startOf } from "../container/listing.ts";
import type { ProcessIdentity } from "../host/process.ts";
import { exitCodeOf } from "../state/exit.ts";
import type { HealthState } from "../state/health.ts";
import type { Found, Status } from "../state/status.ts";
import { type Struct, withOmitted } from "../template/value.ts";

/** What docker writes for a time that has not come. */
const NEVER = "0001-01-01T00:00:00Z";

/** The word that docker has for it. */
export function stateWord(status: Status, paused: boolean): string {
  switch (status.state) {
    case "creating":
    case "created":
      return "created";
    case "running":
      return paused ? "paused" : "running";
    case "restarting":
      return "restarting";
    case "stopped":
      return "exited";
  }
}

export function stateOf(
  { status, health }: Pick<Found, "status" | "health">,
  { paused, now }: { readonly paused: boolean; readonly now: number },
): Struct {
  const exit = "exit" in status ? status.exit : undefined;
  const isUnseen = exit?.status === "unknown" || (status.state === "stopped" && status.unseen === true);
  const process = status.state === "running" ? status.process : undefined;
  const state = {
    Status: stateWord(status, paused),
    // As docker has it: nobody else may start or remove it.
    Running: process !== undefined || status.state === "restarting",
    Paused: process !== undefined && paused,
    Restarting: status.state === "restarting",
    OOMKilled: exit !== undefined && exit.status !== "unknown" && exit.status.oomKilled === true,
    Dead: false,
    Pid: process?.pid ?? 0,
    ExitCode: isUnseen ? exitCodeOf("unknown") : exit ? exitCodeOf(exit.status) : 0,
    Error: isUnseen ? "nobody saw how it ended: what waited for it was killed" : "",
    StartedAt: startedAt(("process" in status && status.process) || exit?.process, now),
    FinishedAt: exit ? new Date(exit.at).toISOString() : NEVER,
  };
  return health ? { ...state, Health: healthOf(health) } : withOmitted(state, { Health: null });
}

function healthOf({ status, failingStreak, log }: HealthState): Struct {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ start, end, exitCode, output }) => {
      return {
        Start: new Date(start).toISOString(),
        End: new Date(end).toISOString(),
        ExitCode: exitCode,
        Output: output,
      };
    }),
  };
}

function startedAt(process: ProcessIdentity | undefined, now: number): string {
  return process ? new Date(process.startedAt ?? startOf(process, now)).toISOString() : NEVER;
}
