import { isTerminal } from "../../host/terminal.ts";
import { shortId } from "../../image/listing.ts";
import type { LayerProgress } from "../../image/pull/progress.ts";
import { bytesInWords } from "../../image/words.ts";
import type { Values } from "../options/option.ts";
import { QueuedOutput, sayLater, writeToOutput } from "../output/queued-output.ts";

export interface LayerReport {
  layer(progress: LayerProgress): void;
  /** Leaves the lines as they are, once they are written. Throws what kept one from it: the work went on without it. */
  end(): Promise<void>;
}

type Form = "lines" | "json" | "quiet";

export const REPORT_OPTIONS = {
  quiet: { type: "boolean", short: "q", describe: "print the name alone" },
  json: { type: "boolean", describe: "print an event a line" },
} as const;

export function formOf({ quiet, json }: Values<typeof REPORT_OPTIONS>): Form {
  return json ? "json" : quiet ? "quiet" : "lines";
}

/** What becomes of each layer: bars on a terminal, else a line for each change; with --json an event for each. */
export function layerReport(form: Form, signal: AbortSignal): LayerReport {
  if (form === "quiet") return { layer: () => {}, end: async () => {} };
  if (form === "json") return changes(eventOf, (bytes) => writeToOutput(bytes, signal));
  // Not by process.stderr, which takes longer to make than a pull of what is there.
  return isTerminal(2) ? bars() : changes(lineOf, (bytes) => sayLater(bytes, signal));
}

function eventOf({ digest, state, bytes, size }: LayerProgress): string {
  return `${JSON.stringify({ type: "layer", digest, state, bytes, size })}\n`;
}

function lineOf({ digest, state, size }: LayerProgress): string {
  return `${shortId(digest)}: ${WORDS[state]}${isMoving(state) ? `, ${bytesInWords(size)}` : ""}\n`;
}

function isMoving(state: LayerProgress["state"]): boolean {
  return state === "downloading" || state === "uploading";
}

const WORDS: Readonly<Record<LayerProgress["state"], string>> = {
  waiting: "another command fetches it",
  downloading: "downloading",
  uploading: "uploading",
  unpacking: "unpacking",
  done: "done",
  present: "here already",
};

/** At most one text for each state of a layer waits. */
function changes(textOf: (layer: LayerProgress) => string, write: (bytes: Uint8Array) => Promise<void>): LayerReport {
  const states = new Map<string, string>();
  const output = new QueuedOutput(write);
  return {
    layer: (layer) => {
      if (states.get(layer.digest) === layer.state) return;
      states.set(layer.digest, layer.state);
      output.add(textOf(layer));
    },
    end: () => output.written(),
  };
}

const REFRESH_MS = 100;
const BAR_CELLS = 30;

/** One line a layer, painted over again; at most as many as the terminal has. */
function bars(): LayerReport {
  const layers = new Map<string, LayerProgress>();
  let painted = 0;
  let next = 0;
  const paint = () => {
    const rows = Math.max(1, (process.stderr.rows || 24) - 1);
    const lines = [...layers.values()].slice(-rows).map((layer) => barOf(layer, process.stderr.columns || 80));
    const up = painted > 1 ? `\x1b[${painted - 1}A` : "";
    process.stderr.write(`\r${up}\x1b[J${lines.join("\n")}`);
    painted = lines.length;
  };
  return {
    layer: (layer) => {
      const isChange = layers.get(layer.digest)?.state !== layer.state;
      layers.set(layer.digest, layer);
      if (!isChange && Date.now() < next) return;
      next = Date.now() + REFRESH_MS;
      paint();
    },
    end: async () => {
      if (painted === 0) return;
      paint();
      process.stderr.write("\n");
    },
  };
}

/** `3f2a4b5c6d7e  [=====>    ]  12.1 MB / 40.0 MB`, cut to the terminal's width. */
export function barOf({ digest, state, bytes, size }: LayerProgress, columns: number): string {
  const share = size === 0 ? 1 : Math.min(1, bytes / size);
  const filled = Math.round(share * BAR_CELLS);
  const bar = `${"=".repeat(Math.max(0, filled - 1))}${filled > 0 ? ">" : ""}`.padEnd(BAR_CELLS);
  const right = isMoving(state) ? `[${bar}] ${bytesInWords(bytes)} / ${bytesInWords(size)}` : WORDS[state];
  return `${shortId(digest)}  ${right}`.slice(0, columns - 1);
}
