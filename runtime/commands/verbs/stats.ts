import { totalmem } from "node:os";
import { resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { cgroupsOf, hasExecuted } from "../../container/running/running.ts";
import { isEnding } from "../../host/process.ts";
import { isTerminal } from "../../host/terminal.ts";
import { findEach, nameOf } from "../../state/containers.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { type Found, findExisting } from "../../state/status.ts";
import { emptyRow, row, TABLE, TITLES } from "../../stats/row.ts";
import { type Sample, sample } from "../../stats/sample.ts";
import { formatAsked, rowsText } from "../../template/rows.ts";
import type { Struct } from "../../template/value.ts";
import { report } from "../output/report.ts";
import { writeAll } from "../output/write.ts";
import { verb } from "./verb.ts";

/** How far apart two looks are, of which a row has the difference; the kernel's own figures change that often as well. */
const INTERVAL_MS = 1000;
const ID_SHORT = 12;
/** From the top left, what follows removed. */
const CLEAR = "\x1b[H\x1b[J";

export const statsVerb = verb({
  synopsis: "[NAME…]",
  describe: "Show what containers use of the machine, again every second",
  options: {
    all: { type: "boolean", short: "a", describe: "also those that do not run" },
    "no-stream": { type: "boolean", describe: "show it once" },
    "no-trunc": { type: "boolean", describe: "whole ids" },
    format: { type: "string", describe: "a template of Go, table TEMPLATE, or json" },
    json: { type: "boolean", describe: "one object a line" },
  },
  run: async (values, names) => {
    const form = values.json ? "json" : (formatAsked(values.format) ?? TABLE);
    const isLive = !values["no-stream"] && isTerminal(1) && form.startsWith("table");
    const look = () => looked(names, values.all ?? false);
    for (let before = look(); ; ) {
      await setTimeout(INTERVAL_MS);
      const now = look();
      const rows = now.map((one) => rowOf(one, before, values["no-trunc"] ?? false));
      writeAll(1, `${isLive ? CLEAR : ""}${rowsText(form, rows, TITLES)}`);
      if (values["no-stream"]) return 0;
      before = now;
    }
  },
});

interface Look {
  readonly found: Found;
  /** Undefined of one that does not run. */
  readonly sample: Sample | undefined;
}

/** One that was named and is gone by now is reported by a failure. */
function looked(names: readonly string[], stopped: boolean): Look[] {
  const root = resolve(stateRoot());
  const one = (written: string) => findExisting(placesOf(root, nameOf(root, written)), written);
  const all = names.length > 0 ? names.map(one) : findEach(root, report);
  const looks = all.map((found) => ({ found, sample: sampleOf(root, found) }));
  return looks.filter(({ sample }) => sample || stopped || names.length > 0);
}

function sampleOf(root: string, { status, entries, record }: Found): Sample | undefined {
  if (status.state !== "running") return undefined;
  const cgroups = cgroupsOf(placesOf(root, record.name), entries).map(({ path }) => path);
  const { pid } = status.process;
  // One that is being set up may still have the machine's.
  const ownNetwork = record.spec.network.mode !== "host" && hasExecuted(pid);
  const taken = sample(cgroups, pid, ownNetwork);
  // What was read may be another process's by now.
  return isEnding(status.process) ? undefined : taken;
}

/** One that has just started shows what it used since then. */
function rowOf({ found, sample: now }: Look, before: readonly Look[], whole: boolean): Struct {
  const { id, name } = found.record;
  const about = { id: whole ? id : id.slice(0, ID_SHORT), name };
  const earlier = before.find((look) => look.found.record.id === id)?.sample;
  return now ? row(about, earlier ?? now, now, totalmem()) : emptyRow(about);
}
