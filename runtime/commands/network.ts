import { resolve } from "node:path";
import type { Argv, CommandModule } from "yargs";
import { createNetwork, removeNetwork } from "../container/network/networks.ts";
import { describeNetwork, networkList } from "../network/listing.ts";
import type { Networks } from "../network/network.ts";
import { readNetworks } from "../state/network-store.ts";
import { stateRoot } from "../state/root.ts";

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

const listCommand: CommandModule<object, { json: boolean }> = {
  command: "ls",
  aliases: ["list"],
  describe: "List the networks",
  builder: (yargs) => yargs.option("json", { type: "boolean", default: false, describe: "as one JSON array" }),
  handler: ({ json }) => void process.stdout.write(networkList(networks(), json)),
};

const inspectCommand: CommandModule<object, { name: string }> = {
  command: "inspect <name>",
  describe: "Print a network, and who is on it, as JSON",
  builder: (yargs) => yargs.positional("name", { type: "string", demandOption: true, describe: "the network" }),
  handler: ({ name }) => void process.stdout.write(describeNetwork(networks(), name)),
};

const removeCommand: CommandModule<object, { name: string }> = {
  command: "rm <name>",
  aliases: ["remove"],
  describe: "Remove a network on which no container is, with its bridge and rules",
  builder: (yargs) => yargs.positional("name", { type: "string", demandOption: true, describe: "the network" }),
  handler: async ({ name }) => {
    await removeNetwork(resolve(stateRoot()), name);
    process.stdout.write(`${name}\n`);
  },
};

function networks(): Networks {
  return readNetworks(resolve(stateRoot()));
}
