import { resolve } from "node:path";
import { type Listed, listed } from "../../container/listing.ts";
import { isPausedNow } from "../../container/pause.ts";
import { Failure } from "../../failure.ts";
import { findEach } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { rowsText } from "../../template/rows.ts";
import type { Struct, Value } from "../../template/value.ts";
import { report } from "../report.ts";
import { table } from "../table.ts";
import { writeAll } from "../write.ts";
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
      describe:
        "name=TEXT, id=ID, status=created|running|paused|restarting|exited, label=KEY[=VALUE], exited=CODE, ancestor=IMAGE, network=NAME, health=STATE",
    },
    format: { type: "string", describe: "a template of Go, table TEMPLATE, or json" },
    json: { type: "boolean", describe: "as one JSON array" },
  },
  run: async (values, rest) => {
    if (rest.length > 0) throw new Failure(`unknown argument ${rest[0]}`, { code: "usage" });
    let code = 0;
    const matches = filterOf(values.filter);
    const last = values.latest ? 1 : lastOf(values.last);
    const isAll = values.all || last !== undefined || values.filter.some((one) => /^(status|exited)=/.test(one));
    const root = resolve(stateRoot());
    const rows = findEach(root, (error) => {
      code = report(error);
    })
      .sort((a, b) => b.record.created - a.record.created)
      .map((found) => ({ row: listed(found, Date.now(), isPausedNow(root, found)), id: found.record.id }))
      .filter(({ row }) => (isAll || LIVE.includes(row.State)) && matches(row))
      .slice(0, last)
      .map(({ row, id }) => (values["no-trunc"] ? { ...row, ID: id } : row));
    writeAll(1, printed(rows, values));
    return code;
  },
});

function lastOf(written: string | undefined): number | undefined {
  if (written === undefined) return undefined;
  if (/^[1-9]\d{0,8}$/.test(written)) return Number(written);
  throw new Failure(`--last is a number of containers, not ${JSON.stringify(written)}`, { code: "usage" });
}

/** Listed without -a. */
const LIVE = ["running", "restarting", "paused"];

interface Form {
  readonly quiet: boolean | undefined;
  readonly json: boolean | undefined;
  readonly format: string | undefined;
  readonly "no-trunc": boolean | undefined;
}

function printed(rows: readonly Listed[], form: Form): string {
  if (form.quiet) return rows.map(({ ID }) => `${ID}\n`).join("");
  if (form.json) return `${JSON.stringify(rows)}\n`;
  if (form.format !== undefined && form.format !== "table") return rowsText(form.format, rows.map(fieldsOf), TITLES);
  const cells = rows.map((row) => [
    row.ID,
    row.Image,
    form["no-trunc"] ? row.Command : shortened(row.Command),
    row.RunningFor,
    row.Status,
    row.Ports,
    row.Names,
  ]);
  return table([["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"], ...cells]);
}

/** Of `table` with a template. */
const TITLES = {
  ID: "CONTAINER ID",
  Names: "NAMES",
  Image: "IMAGE",
  Command: "COMMAND",
  CreatedAt: "CREATED AT",
  RunningFor: "CREATED",
  State: "STATE",
  Status: "STATUS",
  Ports: "PORTS",
  Labels: "LABELS",
  Networks: "NETWORKS",
  Label: (key: Value) => String(key),
} as const;

/** What a template is given: as docker's, with `{{.Label "key"}}`. */
function fieldsOf(row: Listed): Struct {
  const labels = new Map(row.Labels.split(",").map((label) => label.split(/=(.*)/s) as [string, string]));
  return { ...row, Label: (key) => labels.get(String(key)) ?? "" };
}

const COMMAND_LENGTH = 20;

function shortened(command: string): string {
  return command.length <= COMMAND_LENGTH ? command : `${command.slice(0, COMMAND_LENGTH - 2)}…"`;
}

type Matches = (row: Listed) => boolean;

/** All keys must match; of the same key, one value. */
function filterOf(filters: readonly string[]): Matches {
  const byKey = new Map<string, Matches[]>();
  for (const filter of filters) {
    const [key = "", value] = filter.split(/=(.*)/s);
    if (value === undefined) throw badFilter(filter, "--filter takes KEY=VALUE, got");
    byKey.set(key, [...(byKey.get(key) ?? []), matcher(key, value)]);
  }
  return (row) => [...byKey.values()].every((values) => values.some((matches) => matches(row)));
}

/** docker's, some of which no container here is ever in. */
const STATES = ["created", "restarting", "running", "removing", "paused", "exited", "dead"];

function matcher(key: string, value: string): Matches {
  const filter = `${key}=${value}`;
  switch (key) {
    case "name":
      return ({ Names }) => Names.includes(value);
    case "id":
      return ({ ID }) => ID.startsWith(value.slice(0, ID.length));
    case "status":
      if (!STATES.includes(value)) throw badFilter(filter);
      return ({ State }) => State === value;
    case "label":
      return ({ Labels }) => Labels.split(",").some((label) => label === value || label.startsWith(`${value}=`));
    case "exited":
      return ({ Status }) => Status.startsWith(`Exited (${value}) `);
    case "ancestor":
      return ({ Image }) => Image === value;
    case "health":
      return healthMatcher(value);
    case "network":
      return ({ Networks }) => Networks.split(",").includes(value);
    default:
      throw badFilter(key);
  }
}

function healthMatcher(value: string): Matches {
  if (!["starting", "healthy", "unhealthy", "none"].includes(value)) throw badFilter(`health=${value}`);
  return ({ Status }) => (/\((?:health: )?(starting|healthy|unhealthy)\)$/.exec(Status)?.[1] ?? "none") === value;
}

function badFilter(filter: string, what = "--filter does not know"): Failure {
  return new Failure(`${what} ${JSON.stringify(filter)}`, {
    code: "usage",
    remedy:
      "name=TEXT, id=ID, status=created|running|paused|restarting|exited, label=KEY[=VALUE], exited=CODE, ancestor=IMAGE, network=NAME or health=starting|healthy|unhealthy|none",
  });
}
