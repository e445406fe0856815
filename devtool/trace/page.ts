import type { RoundTrace, TracedStage } from "./round.ts";
import { savesIn, summarize } from "./summary.ts";
import { timeOf } from "./text.ts";

/** Told apart also by those who see fewer colours; dark enough for white and light enough for black. */
const COLORS: Readonly<Record<TracedStage, string>> = {
  start: "#555555",
  watch: "#8a8a8a",
  connect: "#aa7744",
  bundle: "#4477aa",
  addons: "#aa3377",
  sync: "#228833",
  compile: "#ccaa22",
  end: "#663311",
  launch: "#ee6677",
  output: "#44aacc",
};
const SHOWN = 100;
const ROW = 22;

/** One HTML file that needs no other: the table of stages, and the last rounds as a waterfall. */
export function tracePage(project: string, rounds: readonly RoundTrace[]): string {
  const last = rounds.slice(-SHOWN).toReversed();
  const longest = Math.max(1, ...last.map(({ total }) => total));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(project)}: from save to output</title>
<style>${STYLE}</style>
<h1>${text(project)}: from save to output</h1>
<p>${savesIn(rounds)} rounds. Milliseconds since the save; the median (p50), and what 19 of 20 rounds stay below (p95).</p>
<table>
<thead><tr><th>stage<th>p50<th>p95</thead>
<tbody>${summarize(rounds)
    .map(({ stage, p50, p95 }) => `<tr><td>${swatch(stage)}${stage}<td>${ms(p50)}<td>${ms(p95)}`)
    .join("\n")}</tbody>
</table>
<h2>The last ${savesIn(last)} rounds</h2>
<div class="rounds">
${last.map((round) => roundRow(round, longest)).join("\n")}
</div>
</html>
`;
}

function roundRow(round: RoundTrace, longest: number): string {
  const lanes = lanesOf(round);
  const bars = round.spans.map(({ stage, target, from, to }) => {
    const [lane, height] = target === null ? [0, lanes.length] : [lanes.indexOf(target), 1];
    const place = `x="${percent(from / longest)}" width="${percent(Math.max(to - from, longest / 1000) / longest)}" y="${lane * ROW}" height="${height * ROW - 4}"`;
    return `<rect ${place} fill="${COLORS[stage]}"><title>${stage}${target === null ? "" : ` on ${text(target)}`}: ${ms(to - from)} ms</title></rect>`;
  });
  const what = round.paths === null ? "everything" : round.paths.slice(0, 3).join(", ");
  return `<div class="round"><div class="label"><time datetime="${text(round.saved)}">${timeOf(round)}</time> ${text([...lanes, what].join(" "))}</div>
<svg role="img" aria-label="${ms(round.total)} ms, ${round.outcome}" height="${lanes.length * ROW}">${bars.join("")}</svg>
<div class="total">${ms(round.total)} ms${round.outcome === "output" ? "" : `, ${round.outcome}`}</div></div>`;
}

function lanesOf({ spans }: RoundTrace): string[] {
  const targets = new Set(spans.flatMap(({ target }) => (target === null ? [] : [target])));
  return targets.size === 0 ? [""] : [...targets];
}

function swatch(stage: TracedStage | "total"): string {
  return stage === "total" ? "" : `<span class="swatch" style="background:${COLORS[stage]}"></span>`;
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .9rem .15rem 0; text-align: right; } th:first-child, td:first-child { text-align: left; }
tr:last-child td { border-top: 1px solid; font-weight: 600; }
.swatch { display: inline-block; width: .8em; height: .8em; margin-right: .5em; border-radius: 2px; }
.round { display: grid; grid-template-columns: minmax(8rem, 16rem) 1fr 8rem; gap: 0 1rem; align-items: start; margin: .3rem 0; }
.label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; opacity: .8; }
.total { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; display: block; }
@media (max-width: 40rem) { .round { grid-template-columns: 1fr 8rem; } .round svg { grid-row: 2; grid-column: 1 / 3; } }
`;

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function text(value: string): string {
  return value.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? "");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

function ms(milliseconds: number): string {
  return milliseconds < 10 ? milliseconds.toFixed(1) : String(Math.round(milliseconds));
}
