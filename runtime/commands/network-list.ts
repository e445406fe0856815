import { resolve } from "node:path";
import { timeInWords } from "../container/listing.ts";
import { settledNetworks } from "../container/network/changing.ts";
import { unusedIn, upWith } from "../container/network/users.ts";
import { membersOf, networksJson } from "../network/listing.ts";
import {
  DEFAULT_NETWORK,
  isPredefined,
  type Network,
  type Networks,
  networkNamed,
  PREDEFINED,
} from "../network/network.ts";
import { stateRoot } from "../state/root.ts";
import { LABEL_TITLES, labelFields } from "../template/labels.ts";
import { formatAsked, rowsText } from "../template/rows.ts";
import type { Struct } from "../template/value.ts";
import { badFilter, filterOf, filterOption, hasLabel, isNamedLike, type Matchers, truthOf } from "./filter.ts";
import { operands } from "./operands.ts";
import { writeAll } from "./output/write.ts";
import { verb } from "./verbs/verb.ts";

const FILTERS =
  "name=TEXT, id=NAME, driver=bridge|host|null, scope=local, type=builtin|custom, label=KEY[=VALUE], dangling=true|false";

export const listVerb = verb({
  synopsis: "",
  describe: "List the networks",
  options: {
    json: { type: "boolean", describe: "those that were made, as one JSON array" },
    quiet: { type: "boolean", short: "q", describe: "only their names" },
    filter: filterOption(FILTERS),
    format: { type: "string", describe: "a template of Go, or json" },
    "no-trunc": { type: "boolean", describe: "accepted: nothing is shortened" },
  },
  run: async ({ json = false, quiet, filter, format }, rest) => {
    operands(rest, []);
    const root = resolve(stateRoot());
    const all = await settledNetworks(root);
    const isWanted = filterOf(filter, matchersOf(root, all), FILTERS);
    const wanted = listable(root, all)
      .filter(isWanted)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
    if (json) {
      const networks = wanted.flatMap(({ name }) => networkNamed(all, name) ?? []);
      writeAll(1, networksJson({ ...all, networks }));
    } else {
      const template = formatAsked(format) ?? (quiet ? "{{.Name}}" : TABLE);
      const rows = wanted.map(({ row }) => row());
      writeAll(1, rowsText(template, rows, TITLES));
    }
    return 0;
  },
});

interface Listable extends Pick<Network, "name" | "labels"> {
  readonly driver: string;
  row(): Struct;
}

function listable(root: string, all: Networks): Listable[] {
  const predefined = Object.keys(PREDEFINED).filter(isPredefined);
  return [
    ...all.networks.map((one) => ({ ...one, driver: "bridge", row: () => rowOf(all, one) })),
    ...predefined.map((name) => ({ name, driver: PREDEFINED[name], row: () => predefinedRow(root, name) })),
  ];
}

function matchersOf(root: string, all: Networks): Matchers<Listable> {
  return {
    name: (value) => {
      const matches = isNamedLike(value);
      return ({ name }) => matches(name);
    },
    id:
      (value) =>
      ({ name }) =>
        name.startsWith(value),
    driver:
      (value) =>
      ({ driver }) =>
        driver === value,
    scope: (value) => () => value === "local",
    type: (value) => {
      if (value !== "builtin" && value !== "custom") throw badFilter(`type=${value}`, FILTERS);
      return ({ name }) => (name === DEFAULT_NETWORK || isPredefined(name)) === (value === "builtin");
    },
    label: (value) => {
      const matches = hasLabel(value);
      return ({ labels = {} }) => matches(labels);
    },
    dangling: (value) => {
      const wanted = truthOf("dangling", value, FILTERS);
      const isUnused = unusedIn(root, all);
      return (network) => isUnused(network) === wanted;
    },
  };
}

const TITLES: Struct = {
  ID: "NETWORK ID",
  Name: "NAME",
  Driver: "DRIVER",
  Scope: "SCOPE",
  IPv6: "IPV6",
  Internal: "INTERNAL",
  ...LABEL_TITLES,
  CreatedAt: "CREATED AT",
  Subnet: "SUBNET",
  Containers: "CONTAINERS",
};

/** docker's columns, and two more. */
const TABLE = "table {{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}\t{{.Subnet}}\t{{.Containers}}";

/** In the words of `docker network ls --format`. Its name is its id. */
function rowOf(all: Networks, network: Network): Struct {
  const { name, ipv6, internal, created, labels = {}, subnet } = network;
  return {
    ...fieldsOf(name, "bridge", labels),
    IPv6: String(ipv6 !== undefined),
    Internal: String(internal),
    CreatedAt: timeInWords(created),
    Subnet: subnet,
    Containers: membersOf(all, network).join(","),
  };
}

function predefinedRow(root: string, name: keyof typeof PREDEFINED): Struct {
  return { ...fieldsOf(name, PREDEFINED[name], {}), Containers: upWith(root, name).join(",") };
}

/** Also what one that was not made has none of. */
function fieldsOf(name: string, driver: string, labels: Readonly<Record<string, string>>): Struct {
  return {
    ID: name,
    Name: name,
    Driver: driver,
    Scope: "local",
    IPv6: "false",
    Internal: "false",
    ...labelFields(labels),
    CreatedAt: "",
    Subnet: "",
  };
}
