import { resolve } from "node:path";
import { connect, disconnect } from "../container/network/connect.ts";
import { attachmentOf } from "../spec/network.ts";
import { handleOf } from "../state/containers.ts";
import { stateRoot } from "../state/root.ts";
import { operands } from "./operands.ts";
import { warn } from "./output/warn.ts";
import { explainOnStderr } from "./run/explain.ts";
import { EXPLAIN_OPTION } from "./verbs/explain-end.ts";
import { verb } from "./verbs/verb.ts";

const OPERANDS = ["the name of the network", "the name of the container"] as const;

const ASKED = { aliasOption: "--alias", command: "network connect" };

export const connectVerb = verb({
  synopsis: "NETWORK CONTAINER",
  describe: "Put a container on one more network, at once where it runs, else at its next start",
  options: {
    ip: { type: "string", describe: "its address there; default: the next free one" },
    ip6: { type: "string", describe: "its address of IPv6 there" },
    alias: { type: "string", multiple: true, describe: "further name of the container there" },
    explain: EXPLAIN_OPTION,
  },
  unavailable: {
    link: "leave it out: containers of a network find each other by name; --alias gives this one a further name",
    "link-local-ip": "leave it out: each container has one address of IPv4 and one of IPv6 on a network",
    "driver-opt": "leave it out: there are no options of drivers",
    "gw-priority": "leave it out: the first network with a way out is the way out",
  },
  run: async ({ ip, ip6, alias, explain }, rest) => {
    const [name, container] = operands(rest, OPERANDS);
    const asked = attachmentOf({ name, aliases: alias, ip, ip6 }, [], ASKED);
    const observer = explain ? await explainOnStderr() : undefined;
    await connect(handleOf(resolve(stateRoot()), container), asked, { warn, observer });
    observer?.finish();
    return 0;
  },
});

export const disconnectVerb = verb({
  synopsis: "NETWORK CONTAINER",
  describe: "Take a container off a network, at once where it runs, else at its next start",
  options: {
    force: { type: "boolean", short: "f", describe: "accepted: nothing keeps a container on a network" },
  },
  run: async (_, rest) => {
    const [network, container] = operands(rest, OPERANDS);
    await disconnect(handleOf(resolve(stateRoot()), container), network);
    return 0;
  },
});
