import type { Event, Origin, Report, Stage } from "../report/events.ts";
import type { Outcome, RoundTrace, Span, TracedStage } from "./round.ts";

/** A round that is not over. */
interface OpenRound {
  readonly round: number;
  readonly since: number;
  readonly paths: readonly string[] | null;
  readonly spans: Span[];
  /** By target, null for those before there is one. */
  readonly open: Map<string | null, { readonly stage: TracedStage; readonly from: number }>;
}

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

/** Events with their times → rounds. */
export class Collector {
  readonly #onRound: (trace: RoundTrace, origin: Origin) => void;
  #current: OpenRound | undefined;
  /** The last one that is over: its program may go on. */
  #last = 0;

  constructor(onRound: (trace: RoundTrace, origin: Origin) => void) {
    this.#onRound = onRound;
  }

  /** `now`: a time of performance.now(). */
  take(event: Event, { round = null, target: name, since = 0 }: Origin, now: number): void {
    const target = name ?? null;
    if (round === null || round <= this.#last) return;
    if (round !== this.#current?.round) this.#begin(round, since, event, now);
    const at = now - since;
    switch (event.event) {
      case "stage":
        if (!isOutsideRounds(event.stage)) this.#open(event.stage, target, at);
        break;
      case "connected":
        this.#close(target, at);
        break;
      case "bundled":
        this.#close(null, at);
        break;
      case "started":
        this.#open("output", target, at);
        break;
      case "responded":
        this.#over("output", now, target);
        break;
      case "exited":
        this.#over("silent", now, target);
        break;
      case "finished":
        this.#over("unchanged", now, target);
        break;
      case "failed":
        this.#over("failed", now, target);
        break;
      default:
    }
  }

  finish(now: number): void {
    this.#over("abandoned", now, null);
  }

  #begin(round: number, since: number, event: Event, now: number): void {
    this.#over("abandoned", now, null);
    const paths = event.event === "changed" ? event.paths : null;
    this.#current = { round, since, paths, spans: [], open: new Map([[null, { stage: "watch", from: 0 }]]) };
    this.#close(null, now - since);
  }

  /** A stage of a target ends the one before it; so does it end what was done for all of them. */
  #open(stage: TracedStage, target: string | null, at: number): void {
    this.#close(target, at);
    this.#current?.open.set(target, { stage, from: at });
  }

  #close(target: string | null, at: number): void {
    const { open, spans } = this.#current ?? {};
    const span = open?.get(target);
    if (!span) return;
    open?.delete(target);
    spans?.push({ ...span, target, to: at });
  }

  #over(outcome: Outcome, now: number, target: string | null): void {
    if (!this.#current) return;
    const { since, spans, paths, open, round } = this.#current;
    for (const one of [...open.keys()]) this.#close(one, now - since);
    this.#current = undefined;
    this.#last = round;
    const saved = new Date(performance.timeOrigin + since).toISOString();
    this.#onRound(
      { saved, paths, spans, outcome, total: now - since },
      target === null ? { round } : { round, target },
    );
  }
}

type Outside = "provision" | "pull";

function isOutsideRounds(stage: Stage): stage is Outside {
  return stage === "provision" || stage === "pull";
}
