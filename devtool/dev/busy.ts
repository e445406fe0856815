import type { Report } from "../report/events.ts";
import type { LoopOptions, OnBusy } from "./controls.ts";
import type { Progress, Running } from "./state.ts";

/** What the loop does when a round is over, or something has happened since it began. */
export type Next =
  | "wait for a change"
  | "go on"
  /** Leave the round alone until it is over. */
  | "hold"
  | "begin the next";

interface Wanted {
  /** Something was saved. */
  readonly isPending: boolean;
  /** A person asked for a run. */
  readonly wantsRun: boolean;
}

export function nextAfter(
  { hasStarted, isOver }: Readonly<Progress>,
  { isPending, wantsRun }: Wanted,
  { onBusy, controls }: LoopOptions,
): Next {
  if (wantsRun) return "begin the next";
  if (isOver) return "wait for a change";
  if (!isPending) return "go on";
  return controls.isPaused || (onBusy !== "restart" && hasStarted) ? "hold" : "begin the next";
}

const WHILE_BUSY: Readonly<Record<Exclude<OnBusy, "restart">, string>> = {
  queue: "the program runs; the next round begins when it has ended",
  ignore: "the program runs; what was saved goes with the next save after its end",
};

/** Tells it once a round. */
export function tellHeld(progress: Progress, { onBusy, controls }: LoopOptions, report: Report): void {
  if (onBusy === "restart" || controls.isPaused || progress.isHolding) return;
  progress.isHolding = true;
  report({ event: "notice", text: WHILE_BUSY[onBusy] });
}

/** From SIGTERM until a person is told that the program has not ended yet. */
const SLOW_END_MS = 300;

/** Abandons a round, whose program may take its time to end: a stage of the round that `report` is of. */
export function end(state: Running, report: Report): void {
  const { abandon, progress } = state;
  abandon();
  if (!progress.hasStarted || progress.isOver) return;
  report({ event: "stage", stage: "end" });
  tellSlowEnd(state, report);
}

/** Says of a round's program, which is to end, that it takes its time. */
export function tellSlowEnd({ round, progress }: Running, report: Report): void {
  if (!progress.hasStarted || progress.isOver) return;
  const text = "the program is still ending; it is killed 5 s after SIGTERM";
  const timer = setTimeout(() => report({ event: "notice", text }), SLOW_END_MS);
  const ended = () => clearTimeout(timer);
  round.then(ended, ended);
}
