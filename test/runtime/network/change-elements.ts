import { execFileSync } from "node:child_process";
import { exchange, transact } from "../../../runtime/host/network/netlink.ts";
import { openShim } from "../../../runtime/host/shim.ts";
import { changeElements } from "../../../runtime/network/netlink/elements.ts";
import { generationOf, getGeneration } from "../../../runtime/network/netlink/netfilter.ts";
import { PROTOCOL } from "../../../runtime/network/netlink/numbers.ts";
import { portChanges } from "../../../runtime/network/rules.ts";

/** Arguments: a table, a file with its rules, what they are for, and what the table is to become. Prints the ruleset then. */
const [table = "", file = "", before = "", after = ""] = process.argv.slice(2);
execFileSync("nft", ["-f", file]);
const shim = await openShim();
const answer = exchange(shim, PROTOCOL.NETLINK_NETFILTER, getGeneration());
const [message] = "messages" in answer ? answer.messages : [];
const generation = (message && generationOf(message)) ?? 0;
const changes = portChanges(JSON.parse(before), JSON.parse(after)) ?? [];
const outcomes = [generation + 7, generation].map((at) => transact(shim, changeElements(table, changes, at)) === 0);
process.stdout.write(`${outcomes}\n${execFileSync("nft", ["list", "ruleset"])}`);
