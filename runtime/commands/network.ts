import { resolve } from "node:path";
import { timeInWords } from "../container/listing.ts";
import { settledNetworks } from "../container/network/changing.ts";
import { createNetwork, pruneNetworks, removeNetwork } from "../container/network/networks.ts";
import { unusedIn } from "../container/network/unused.ts";
import { inspectedNetwork } from "../inspect/network.ts";
import { existingNetwork, membersOf, networksJson } from "../network/listing.ts";
import { DEFAULT_NETWORK, type Network, type Networks } from "../network/network.ts";
import { labelsOf } from "../spec/labels.ts";
import { stateRoot } from "../state/root.ts";
import { LABEL_TITLES, labelFields } from "../template/labels.ts";
import { formatAsked, rowsText } from "../template/rows.ts";
import type { Struct } from "../template/value.ts";
import { confirmed } from "./confirm.ts";
import { codeOfEach } from "./each-name.ts";
import { badFilter, filterOf, filterOption, hasLabel, isNamedLike, type Matchers, truthOf } from "./filter.ts";
import { connectVerb, disconnectVerb } from "./network-connect.ts";
import { accepted, operands, someOf } from "./operands.ts";
import { writeAll } from "./output/write.ts";
import { printInspected } from "./print-inspected.ts";
import { PRUNE_FILTER, PRUNE_FORCE, pruneFilter } from "./prune-filter.ts";
import { untyped, type Verbs, verb } from "./verbs/verb.ts";

const NO_DRIVER_OPTIONS =
  "there are no options of drivers: --internal, --subnet, --gateway and --ipv6 say what a network is like";
const ONE_MACHINE = "leave it out: a network is of this machine alone";
const NOT_OF_NETWORKS = {
  o: NO_DRIVER_OPTIONS,
  opt: NO_DRIVER_OPTIONS,
  scope: ONE_MACHINE,
  ingress: ONE_MACHINE,
  "config-only": "give each network its options",
  "config-from": "give each network its options",
  "ip-range": "give the subnet with --subnet, and a container its address with tinydocker run --ip",
  "aux-address": "give a container its address with tinydocker run --ip",
  "ipam-driver": "give the subnet with --subnet",
  "ipam-opt": "give the subnet with --subnet",
  ipv4: "leave it out: each network has addresses of IPv4",
} as const;

const createVerb = verb({
  synopsis: "NAME",
  describe: "Make a network of containers",
  options: {
    driver: { type: "string", short: "d", describe: "bridge, which is accepted: all are bridges" },
    subnet: { type: "string", multiple: true, describe: "ADDR/PREFIX; default: a private one that nothing here uses" },
    gateway: {
      type: "string",
      multiple: true,
      describe: "address of this machine in it; default: the first of the subnet",
    },
    internal: { type: "boolean", describe: "nothing outside can be reached from it" },
    label: { type: "string", multiple: true, describe: "KEY[=VALUE]" },
    attachable: { type: "boolean", describe: "accepted: every container may be on it" },
    ipv6: { type: "boolean", describe: "with addresses of IPv6 as well" },
  },
  unavailable: NOT_OF_NETWORKS,
  run: async ({ driver, subnet, gateway, internal, ipv6, label }, rest) => {
    const [name] = operands(rest, ["the name of the network"]);
    accepted("driver", "bridge", driver);
    const labels = labelsOf(label);
    await createNetwork(resolve(stateRoot()), { name, subnets: subnet, gateways: gateway, internal, ipv6, labels });
    writeAll(1, `${name}\n`);
    return 0;
  },
});

const FILTERS =
  "name=TEXT, id=NAME, driver=bridge, scope=local, type=builtin|custom, label=KEY[=VALUE], dangling=true|false";

const listVerb = verb({
  synopsis: "",
  describe: "List the networks",
  options: {
    json: { type: "boolean", describe: "as one JSON array" },
    quiet: { type: "boolean", short: "q", describe: "only their names" },
    filter: filterOption(FILTERS),
    format: { type: "string", describe: "a template of Go, or json" },
    "no-trunc": { type: "boolean", describe: "accepted: nothing is shortened" },
  },
  run: async ({ json = false, quiet, filter, format }, rest) => {
    operands(rest, []);
    const all = await settledNetworks(resolve(stateRoot()));
    const isWanted = filterOf(filter, matchersOf(all), FILTERS);
    const wanted = all.networks.filter(isWanted).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    if (json) writeAll(1, networksJson({ ...all, networks: wanted }));
    else {
      const template = formatAsked(format) ?? (quiet ? "{{.Name}}" : TABLE);
      const rows = wanted.map((network) => ({ ...fieldsOf(network), ...ownFieldsOf(all, network) }));
      writeAll(1, rowsText(template, rows, TITLES));
    }
    return 0;
  },
});

function matchersOf(all: Networks): Matchers<Network> {
  return {
    name: (value) => {
      const matches = isNamedLike(value);
      return ({ name }) => matches(name);
    },
    id:
      (value) =>
      ({ name }) =>
        name.startsWith(value),
    driver: (value) => () => value === "bridge",
    scope: (value) => () => value === "local",
    type: (value) => {
      if (value !== "builtin" && value !== "custom") throw badFilter(`type=${value}`, FILTERS);
      return ({ name }) => (name === DEFAULT_NETWORK) === (value === "builtin");
    },
    label: (value) => {
      const matches = hasLabel(value);
      return ({ labels = {} }) => matches(labels);
    },
    dangling: (value) => {
      const wanted = truthOf("dangling", value, FILTERS);
      const isUnused = unusedIn(resolve(stateRoot()), all);
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
function fieldsOf({ name, ipv6, internal, created, labels = {} }: Network): Struct {
  return {
    ID: name,
    Name: name,
    Driver: "bridge",
    Scope: "local",
    IPv6: String(ipv6 !== undefined),
    Internal: String(internal),
    ...labelFields(labels),
    CreatedAt: timeInWords(created),
  };
}

function ownFieldsOf(all: Networks, network: Network): Struct {
  return { Subnet: network.subnet, Containers: membersOf(all, network).join(",") };
}

const inspectVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Print networks, and who is on each, as JSON with docker's names",
  options: {
    format: { type: "string", short: "f", describe: "a template of Go, or json" },
    verbose: { type: "boolean", short: "v", describe: "accepted: all that is known is printed" },
  },
  run: async ({ format }, rest) => {
    const names = someOf(rest, "the name of the network");
    const all = await settledNetworks(resolve(stateRoot()));
    return printInspected(names, format, (name) => inspectedNetwork(all, existingNetwork(all, name)));
  },
});

const removeVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Remove networks on which no container is, with their bridges and rules",
  options: {
    force: { type: "boolean", short: "f", describe: "none that is missing is an error; also the one named bridge" },
  },
  run: async ({ force = false }, rest) =>
    codeOfEach(
      someOf(rest, "the name of the network"),
      async (name) => {
        await removeNetwork(resolve(stateRoot()), name, { force });
        writeAll(1, `${name}\n`);
      },
      force ? "network-not-found" : undefined,
    ),
});

export const networkPruneVerb = verb({
  synopsis: "",
  describe: "Remove the networks that no container has, whether it runs or not",
  options: { filter: PRUNE_FILTER, force: PRUNE_FORCE },
  run: async ({ filter, force }, rest) => {
    operands(rest, []);
    const isWanted = pruneFilter(filter);
    await confirmed("the networks that no container has", force);
    for (const name of await pruneNetworks(resolve(stateRoot()), isWanted)) writeAll(1, `${name}\n`);
    return 0;
  },
});

/** In the order of the help. */
export const NETWORK_VERBS = {
  create: untyped(createVerb),
  ls: untyped(listVerb),
  inspect: untyped(inspectVerb),
  connect: untyped(connectVerb),
  disconnect: untyped(disconnectVerb),
  rm: untyped(removeVerb),
  prune: untyped(networkPruneVerb),
} satisfies Verbs;
