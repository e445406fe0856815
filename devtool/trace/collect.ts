import type { Event, Origin, Report, Stage } from "../report/events.ts";
import type { Outcome, RoundTrace, Span, TracedStage } from "./round.ts";

/** What is done once for all targets of a round. */
interface Shared extends Stages {
  readonly round: number;
  readonly since: number;
  readonly paths: readonly string[] | null;
  isOver: boolean;
}

/** A round in one target, which may be over later than in another. */
interface Lane extends Stages {
  readonly shared: Shared;
  isOver: boolean;
}

interface Stages {
  readonly spans: Span[];
  open: { readonly stage: TracedStage; readonly from: number } | undefined;
}

/** What comes of a round with an event. */
const OUTCOMES: Partial<Record<Event["event"], Outcome>> = {
  responded: "output",
  exited: "silent",
  finished: "unchanged",
  failed: "failed",
};

/** Passes events on, and what their rounds took to `onRound`; `finish` ends the round that is not over. */
export function traced(report: Report, onRound: (trace: RoundTrace, origin: Origin) => void) {
  const collector = new Collector(onRound);
  return {
    report: ((event, origin = {}) => {
      report(event, origin);
      collector.take(event, origin, performance.now());
    }) satisfies Report,
    finish: () => collector.finish(performance.now()),
  };
}

/** Events with their times → rounds, for each target its own. */
export class Collector {
  readonly #onRound: (trace: RoundTrace, origin: Origin) => void;
  /** Of the round that began last. */
  #shared: Shared | undefined;
  readonly #lanes = new Map<string, Lane>();

  constructor(onRound: (trace: RoundTrace, origin: Origin) => void) {
    this.#onRound = onRound;
  }

  /** `now`: a time of performance.now(). */
  take(event: Event, { round = null, target, since = 0 }: Origin, now: number): void {
    if (round === null) return;
    if (round > (this.#shared?.round ?? 0)) this.#begin(round, since, event, now);
    if (target !== undefined) this.#takeOfLane(event, { round, target }, now);
    else if (round === this.#shared?.round && !this.#shared.isOver) this.#takeOfAll(event, this.#shared, now);
  }

  /** No more events follow. */
  finish(now: number): void {
    for (const [target, lane] of this.#lanes) this.#over("abandoned", lane, target, now);
    this.#overInAll("abandoned", now);
  }

  #begin(round: number, since: number, event: Event, now: number): void {
    this.#overInAll("abandoned", now);
    const paths = event.event === "changed" ? event.paths : null;
    const stage = round === 1 && paths === null ? "start" : "watch";
    const before: Span = { stage, target: null, from: 0, to: now - since };
    this.#shared = { round, since, paths, spans: [before], open: undefined, isOver: false };
  }

  #takeOfAll(event: Event, shared: Shared, now: number): void {
    if (event.event === "stage" && !isOutsideRounds(event.stage)) enter(shared, event.stage, null, now - shared.since);
    if (event.event === "bundled") leave(shared, null, now - shared.since);
    const outcome = OUTCOMES[event.event];
    if (outcome === undefined) return;
    for (const [target, lane] of this.#lanes) if (lane.shared === shared) this.#over(outcome, lane, target, now);
    this.#overInAll(outcome, now);
  }

  #takeOfLane(event: Event, { round, target }: { readonly round: number; readonly target: string }, now: number): void {
    const lane = this.#laneOf(target, round, now);
    if (lane?.shared.round !== round || lane.isOver) return;
    const at = now - lane.shared.since;
    if (event.event === "stage" && !isOutsideRounds(event.stage)) enter(lane, event.stage, target, at);
    if (event.event === "connected") leave(lane, target, at);
    if (event.event === "started") enter(lane, "output", target, at);
    const outcome = OUTCOMES[event.event];
    if (outcome !== undefined) this.#over(outcome, lane, target, now);
  }

  /** Its program may belong to an older round than that which began last. */
  #laneOf(target: string, round: number, now: number): Lane | undefined {
    const [last, shared] = [this.#lanes.get(target), this.#shared];
    if (shared?.round !== round || last?.shared === shared) return last;
    if (last) this.#over("abandoned", last, target, now);
    const lane = { shared, spans: [], open: undefined, isOver: false };
    this.#lanes.set(target, lane);
    return lane;
  }

  /** The round is over before it came to a target. */
  #overInAll(outcome: Outcome, now: number): void {
    const shared = this.#shared;
    if (!shared || shared.isOver) return;
    shared.isOver = true;
    if ([...this.#lanes.values()].some((lane) => lane.shared === shared)) return;
    leave(shared, null, now - shared.since);
    this.#tell(outcome, shared, shared.spans, now, { round: shared.round });
  }

  #over(outcome: Outcome, lane: Lane, target: string, now: number): void {
    if (lane.isOver) return;
    const { shared } = lane;
    lane.isOver = true;
    leave(lane, target, now - shared.since);
    this.#tell(outcome, shared, [...shared.spans, ...lane.spans], now, { round: shared.round, target });
  }

  #tell(outcome: Outcome, { since, paths }: Shared, spans: readonly Span[], now: number, origin: Origin): void {
    const saved = new Date(performance.timeOrigin + since).toISOString();
    this.#onRound({ saved, paths, spans, outcome, total: now - since }, origin);
  }
}

/** A stage ends the one before it. */
function enter(stages: Stages, stage: TracedStage, target: string | null, at: number): void {
  leave(stages, target, at);
  stages.open = { stage, from: at };
}

function leave(stages: Stages, target: string | null, to: number): void {
  if (stages.open) stages.spans.push({ ...stages.open, target, to });
  stages.open = undefined;
}

type Outside = "provision" | "pull";

function isOutsideRounds(stage: Stage): stage is Outside {
  return stage === "provision" || stage === "pull";
}
