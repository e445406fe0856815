import { startOf } from "../container/listing.ts";
import type { ProcessIdentity } from "../host/process.ts";
import { signalNumber } from "../host/signals.ts";
import type { Exit } from "../state/exit.ts";
import type { HealthState } from "../state/health.ts";
import type { Found, Status } from "../state/status.ts";
import type { Struct } from "../template/value.ts";

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
  const process = status.state === "running" ? status.process : undefined;
  return {
    Status: stateWord(status, paused),
    Running: process !== undefined,
    Paused: process !== undefined && paused,
    Restarting: status.state === "restarting",
    OOMKilled: exit !== undefined && exit.status !== "unknown" && exit.status.oomKilled === true,
    Dead: false,
    Pid: process?.pid ?? 0,
    ExitCode: exitCode(exit),
    Error: "",
    StartedAt: startedAt(process ?? exit?.process, now),
    FinishedAt: exit ? new Date(exit.at).toISOString() : NEVER,
    ...(health ? { Health: healthOf(health) } : {}),
  };
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

/** As a shell reports a signal; that of a container whose end nobody saw is docker's 255. */
export function exitCode(exit: Exit | undefined): number {
  if (!exit) return 0;
  if (exit.status === "unknown") return 255;
  const { code, signal } = exit.status;
  return signal === null ? code : 128 + signalNumber(signal);
}

/** Of a process of this boot. */
function startedAt(process: ProcessIdentity | undefined, now: number): string {
  return process ? new Date(startOf(process, now)).toISOString() : NEVER;
}
