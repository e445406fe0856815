import { resolve } from "node:path";
import { layerBytes } from "../../container/files/size.ts";
import { type Listed, listed, mountNames } from "../../container/listing.ts";
import { settledNetworks } from "../../container/network/changing.ts";
import { isPausedNow } from "../../container/pause.ts";
import { Failure } from "../../failure.ts";
import type { Networks } from "../../network/network.ts";
import { findEach } from "../../state/containers.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import type { Found } from "../../state/status.ts";
import { LABEL_TITLES, labelFields } from "../../template/labels.ts";
import { formatAsked, rowsText } from "../../template/rows.ts";
import { decimalSize } from "../../template/size.ts";
import type { Struct } from "../../template/value.ts";
import { operands } from "../operands.ts";
import { report } from "../output/report.ts";
import { writeAll } from "../output/write.ts";
import { PS_FILTERS, psFilter, type Row } from "./ps-filter.ts";
import { verb } from "./verb.ts";

export const psVerb = verb({
  synopsis: "",
  describe: "List the containers that run",
  options: {
    all: { type: "boolean", short: "a", describe: "also those that do not" },
    quiet: { type: "boolean", short: "q", describe: "only their ids" },
    "no-trunc": { type: "boolean", describe: "whole ids and commands" },
    last: { type: "string", short: "n", describe: "the N that were created last, running or not" },
    latest: { type: "boolean", short: "l", describe: "the one that was created last" },
    filter: {
      type: "string",
      short: "f",
      multiple: true,
      describe: PS_FILTERS,
    },
    size: { type: "boolean", short: "s", describe: "how much each has written, and with its image" },
    format: { type: "string", describe: "a template of Go, table TEMPLATE, or json" },
    json: { type: "boolean", describe: "as one JSON array" },
  },
  run: async (values, rest) => {
    operands(rest, []);
    let code = 0;
    const matches = psFilter(values.filter);
    const last = values.latest ? 1 : lastOf(values.last);
    const isAll = values.all || last !== undefined || values.filter.some((one) => /^(status|exited)=/.test(one));
    const root = resolve(stateRoot());
    const networks = await settledNetworks(root).catch((error: unknown): Networks => {
      code = report(error);
      return { networks: [], leases: [] };
    });
    const shown = findEach(root, (error) => {
      code = report(error);
    })
      .sort((a, b) => b.record.created - a.record.created)
      .map((found) => ({
        row: listed(found, { root, now: Date.now(), paused: isPausedNow(root, found), networks }),
        found,
      }))
      .filter((one) => (isAll || LIVE.includes(one.row.State)) && matches(one))
      .slice(0, last);
    writeAll(1, printed(root, shown, values));
    return code;
  },
});

/** As docker's: 0 and less are as none. */
function lastOf(written: string | undefined): number | undefined {
  if (written === undefined || /^(?:-\d{1,9}|0)$/.test(written)) return undefined;
  if (/^[1-9]\d{0,8}$/.test(written)) return Number(written);
  throw new Failure(`--last is a number of containers, not ${JSON.stringify(written)}`, { code: "usage" });
}

/** Listed without -a. */
const LIVE = ["running", "restarting", "paused"];

interface Form {
  readonly quiet: boolean | undefined;
  readonly size: boolean | undefined;
  readonly json: boolean | undefined;
  readonly format: string | undefined;
  readonly "no-trunc": boolean | undefined;
}

interface Printable extends Listed {
  readonly Size: string;
}

/** Sizes only where they are asked for: they take as long as there are files. */
function printable(root: string, { row, found }: Row, { size, format, json, "no-trunc": isWhole }: Form): Printable {
  const Size = size || format?.includes(".Size") ? sizeInWords(root, found) : "0B";
  const Command = JSON.stringify(isWhole || json ? row.Command : ellipsis(row.Command, COMMAND_LENGTH));
  if (isWhole) return { ...row, ID: found.record.id, Command, Size };
  const mounts = mountNames(found.record.spec, root).map((mount) => ellipsis(mount, MOUNT_LENGTH));
  return { ...row, Command, Mounts: mounts.join(","), Size };
}

const SIZE_DIGITS = 3;

function sizeInWords(root: string, { record }: Found): string {
  const { written, whole } = layerBytes(root, placesOf(root, record.name), record.spec);
  return `${decimalSize(written, SIZE_DIGITS)} (virtual ${decimalSize(whole, SIZE_DIGITS)})`;
}

const MOUNT_LENGTH = 15;
export const COMMAND_LENGTH = 20;

export function ellipsis(text: string, length: number): string {
  const characters = [...text];
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join("")}…`;
}

const TABLE = "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

function printed(root: string, shown: readonly Row[], form: Form): string {
  const rows = shown.map((one) => printable(root, one, form));
  if (form.quiet) return rows.map(({ ID }) => `${ID}\n`).join("");
  if (form.json) return `${JSON.stringify(rows)}\n`;
  const format = formatAsked(form.format) ?? (form.size ? `${TABLE}\t{{.Size}}` : TABLE);
  return rowsText(
    format,
    shown.map(({ found }, i) => ({ ...rows[i], ...labelsIn(found) })),
    TITLES,
  );
}

function labelsIn({ record }: Found): Struct {
  return labelFields(record.life?.labels ?? {});
}

/** Of `table` with a template. */
const TITLES: Struct = {
  ID: "CONTAINER ID",
  Names: "NAMES",
  Image: "IMAGE",
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  RunningFor: "CREATED",
  State: "STATE",
  Status: "STATUS",
  Ports: "PORTS",
  ...LABEL_TITLES,
  Networks: "NETWORKS",
  Mounts: "MOUNTS",
  LocalVolumes: "LOCAL VOLUMES",
  Size: "SIZE",
};
