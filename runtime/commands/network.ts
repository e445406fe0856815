import { resolve } from "node:path";
import type { Argv, CommandModule } from "yargs";
import { timeInWords } from "../container/listing.ts";
import { createNetwork, removeNetwork } from "../container/network/networks.ts";
import { inspectedNetwork } from "../inspect/network.ts";
import { describeNetwork, existingNetwork, networkList } from "../network/listing.ts";
import { DEFAULT_NETWORK, type Network, type Networks } from "../network/network.ts";
import { readNetworks } from "../state/network-store.ts";
import { stateRoot } from "../state/root.ts";
import { rowsText } from "../template/rows.ts";
import type { Struct } from "../template/value.ts";
import { forEachName } from "./each-name.ts";
import { badFilter, filterOf, filterOption, isNamedLike, type Matchers, truthOf } from "./filter.ts";
import { printInspected } from "./print-inspected.ts";

export const networkCommand: CommandModule = {
  command: "network",
  describe: "Create, list, inspect and remove networks",
  builder: (yargs: Argv) =>
    yargs
      .command(createCommand)
      .command(listCommand)
      .command(inspectCommand)
      .command(removeCommand)
      .demandCommand(1, "the command is missing: create, ls, inspect or rm"),
  handler: () => {},
};

interface CreateArguments {
  name: string;
  subnet: string[];
  gateway: string[];
  internal: boolean;
  ipv6: boolean;
}

const createCommand: CommandModule<object, CreateArguments> = {
  command: "create <name>",
  describe: "Make a network of containers",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "the network's name" })
      .option("driver", { alias: "d", choices: ["bridge"], describe: "accepted: all are bridges" })
      .option("subnet", several("ADDR/PREFIX; default: a private one that nothing here uses"))
      .option("gateway", several("address of this machine in it; default: the first of the subnet"))
      .option("internal", { type: "boolean", default: false, describe: "nothing outside can be reached from it" })
      .option("ipv6", { type: "boolean", default: false, describe: "with addresses of IPv6 as well" }),
  handler: async ({ name, subnet, gateway, internal, ipv6 }) => {
    await createNetwork(resolve(stateRoot()), { name, subnets: subnet, gateways: gateway, internal, ipv6 });
    process.stdout.write(`${name}\n`);
  },
};

/** One of IPv4 and one of IPv6. */
function several(describe: string) {
  return { type: "string", array: true, nargs: 1, default: [] as string[], describe } as const;
}

interface ListArguments {
  json: boolean;
  quiet: boolean;
  filter: string[];
  format: string | undefined;
}

const FILTERS = "name=TEXT, id=NAME, driver=bridge, scope=local, type=builtin|custom, label=KEY, dangling=true|false";

const listCommand: CommandModule<object, ListArguments> = {
  command: "ls",
  aliases: ["list"],
  describe: "List the networks",
  builder: (yargs) =>
    yargs
      .option("json", { type: "boolean", default: false, describe: "as one JSON array" })
      .option("quiet", { type: "boolean", alias: "q", default: false, describe: "only their names" })
      .option("filter", filterOption(FILTERS))
      .option("format", { type: "string", describe: "a template of Go, or json" })
      .option("no-trunc", { type: "boolean", describe: "accepted: nothing is shortened" }),
  handler: ({ json, quiet, filter, format }) => {
    const all = networks();
    const isWanted = filterOf(filter, matchersOf(all), FILTERS);
    const wanted = all.networks.filter(isWanted).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const template = quiet ? "{{.Name}}" : format;
    process.stdout.write(
      template === undefined
        ? networkList({ ...all, networks: wanted }, json)
        : rowsText(template, wanted.map(fieldsOf), TITLES),
    );
  },
};

function matchersOf({ leases }: Networks): Matchers<Network> {
  const isUsed = ({ name }: Network) =>
    leases.some(({ attachments }) => attachments.some(({ network }) => network === name));
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
    // A network has none here.
    label: () => () => false,
    dangling: (value) => {
      const wanted = truthOf("dangling", value, FILTERS);
      return (network) => (network.name !== DEFAULT_NETWORK && !isUsed(network)) === wanted;
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
  Labels: "LABELS",
  CreatedAt: "CREATED AT",
};

/** In the words of `docker network ls --format`. Its name is its id. */
function fieldsOf({ name, ipv6, internal, created }: Network): Struct {
  return {
    ID: name,
    Name: name,
    Driver: "bridge",
    Scope: "local",
    IPv6: String(ipv6 !== undefined),
    Internal: String(internal),
    Labels: "",
    CreatedAt: timeInWords(created),
  };
}

const inspectCommand: CommandModule<object, { names: string[]; format: string | undefined }> = {
  command: "inspect <names..>",
  describe: "Print networks, and who is on each, as JSON; by a template, with docker's names",
  builder: (yargs) =>
    yargs
      .positional("names", { type: "string", array: true, demandOption: true, describe: "the networks" })
      .option("format", { type: "string", alias: "f", describe: "a template of Go" }),
  handler: ({ names, format }) => {
    const all = networks();
    if (format !== undefined)
      return printInspected(names, format, (name) => inspectedNetwork(all, existingNetwork(all, name)));
    return forEachName(names, async (name) => void process.stdout.write(describeNetwork(all, name)));
  },
};

const removeCommand: CommandModule<object, { names: string[]; force: boolean }> = {
  command: "rm <names..>",
  aliases: ["remove"],
  describe: "Remove networks on which no container is, with their bridges and rules",
  builder: (yargs) =>
    yargs
      .positional("names", { type: "string", array: true, demandOption: true, describe: "the networks" })
      .option("force", { type: "boolean", alias: "f", default: false, describe: "none that is missing is an error" }),
  handler: ({ names, force }) => forEachName(names, removeOne, force ? "network-not-found" : undefined),
};

async function removeOne(name: string): Promise<void> {
  await removeNetwork(resolve(stateRoot()), name);
  process.stdout.write(`${name}\n`);
}

function networks(): Networks {
  return readNetworks(resolve(stateRoot()));
}
