import { resolve } from "node:path";
import { settledNetworks } from "../container/network/changing.ts";
import { createNetwork, pruneNetworks, removeNetwork } from "../container/network/networks.ts";
import { inspectedNetwork } from "../inspect/network.ts";
import { noSuchNetwork } from "../network/listing.ts";
import { labelsOf } from "../spec/labels.ts";
import { stateRoot } from "../state/root.ts";
import { confirmed } from "./confirm.ts";
import { codeOfEach } from "./each-name.ts";
import { connectVerb, disconnectVerb } from "./network-connect.ts";
import { listVerb } from "./network-list.ts";
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

const inspectVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Print networks, and who is on each, as JSON with docker's names",
  options: {
    format: { type: "string", short: "f", describe: "a template of Go, or json" },
    verbose: { type: "boolean", short: "v", describe: "accepted: all that is known is printed" },
  },
  run: async ({ format }, rest) => {
    const names = someOf(rest, "the name of the network");
    const root = resolve(stateRoot());
    const networks = await settledNetworks(root);
    return printInspected(names, format, (name) => {
      const found = inspectedNetwork(root, networks, name);
      if (!found) throw noSuchNetwork(name);
      return found;
    });
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
