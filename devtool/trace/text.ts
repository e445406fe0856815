import { count } from "../report/amounts.ts";
import { type RoundTrace, type Span, STAGES, type TracedStage } from "./round.ts";
import { lengthOf, savesIn, summarize } from "./summary.ts";

const LETTERS: Readonly<Record<TracedStage, string>> = {
  start: "d",
  watch: "w",
  connect: "k",
  bundle: "b",
  addons: "a",
  sync: "s",
  compile: "c",
  end: "e",
  launch: "l",
  output: "o",
};
/** What is said in place of quantiles, which are of rounds that came to output. */
export const NO_OUTPUT = "none came to output";
const BAR_MIN = 20;
const LABELS = 30;

/** The table of stages, then the last rounds as bars of letters, in lines of at most `columns` characters. */
export function traceText(rounds: readonly RoundTrace[], columns: number, shown = 10): string {
  const last = rounds.slice(-shown);
  const longest = Math.max(1, ...last.map(({ total }) => total));
  const width = Math.max(BAR_MIN, columns - LABELS);
  const stages = summarize(rounds);
  return [
    `${count(savesIn(rounds), "round")}, in milliseconds since the save`,
    "",
    stages.length > 0 ? row("stage", "p50", "p95") : NO_OUTPUT,
    ...stages.map(({ stage, p50, p95 }) => row(stage, ms(p50), ms(p95))),
    "",
    ...last.flatMap((round) => barsOf(round, width / longest)),
    "",
    STAGES.filter((stage) => last.some((round) => lengthOf(round, stage) > 0))
      .map((stage) => `${LETTERS[stage]} ${stage}`)
      .join(", "),
    "",
  ].join("\n");
}

/** `watch 12, bundle 41, sync 9, launch 6, output 48: 116 ms` */
export function timingsLine(round: RoundTrace): string {
  const parts = STAGES.flatMap((stage) =>
    lengthOf(round, stage) >= 0.5 ? [`${stage} ${ms(lengthOf(round, stage))}`] : [],
  );
  return `timings: ${parts.join(", ")}: ${ms(round.total)} ms${round.outcome === "output" ? "" : `, ${round.outcome}`}`;
}

function row(stage: string, p50: string, p95: string): string {
  return `${stage.padEnd(10)}${p50.padStart(8)}${p95.padStart(8)}`;
}

/** A bar for each target; what was done for all of them is in each. */
function barsOf(round: RoundTrace, scale: number): string[] {
  const targets = [...new Set(round.spans.flatMap(({ target }) => (target === null ? [] : [target])))];
  const time = timeOf(round);
  return (targets.length === 0 ? [null] : targets).map((target) => {
    const spans = round.spans.filter((span) => span.target === null || span.target === target);
    const label = `${time} ${[...(target ?? round.outcome)].slice(0, 10).join("").padEnd(10)} ${ms(round.total).padStart(6)} `;
    return `${label} ${barOf(spans, scale)}${round.outcome === "output" ? "" : ` ${round.outcome}`}`;
  });
}

function barOf(spans: readonly Span[], scale: number): string {
  const cells: string[] = [];
  for (const { stage, from, to } of spans)
    for (
      let cell = Math.floor(from * scale);
      cell < Math.max(Math.floor(to * scale), Math.floor(from * scale) + 1);
      cell += 1
    )
      cells[cell] = LETTERS[stage];
  return Array.from(cells, (cell) => cell ?? " ").join("");
}

/** By the clock of who reads it. */
export function timeOf({ saved }: RoundTrace): string {
  return new Date(saved).toTimeString().slice(0, 8);
}

function ms(milliseconds: number): string {
  return String(Math.round(milliseconds));
}
