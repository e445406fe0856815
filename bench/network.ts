import { type Contender, timed } from "./rounds.ts";
import { run } from "./run.ts";
import type { Scope } from "./scope.ts";

const TABLE = "bench";
const BRIDGE = "bench0";
const SPACE = "bench";

/** A container's network by the programs ip and nft, on a bridge and with a table that are there before. */
export async function networkByPrograms(name: string, scope: Scope, ip: string, nft: string): Promise<Contender> {
  const nftables = (...commands: string[]) => run([nft, commands.join("; ")]);
  await run([ip, "link", "add", BRIDGE, "type", "bridge"]);
  await run([ip, "address", "add", "10.213.0.1/24", "dev", BRIDGE]);
  await run([ip, "link", "set", BRIDGE, "up"]);
  const type = "type inet_proto . inet_service : ipv4_addr . inet_service";
  await nftables(`add table inet ${TABLE}`, `add map inet ${TABLE} ports { ${type}; }`);
  scope.after(() => nftables(`delete table inet ${TABLE}`));
  scope.after(() => run([ip, "link", "delete", BRIDGE]));
  return { name, measure: () => timed(() => madeAndRemoved(ip, nft)) };
}

/** What a container with a network and a published port has of its own, made and removed as the tutorials do it. */
async function madeAndRemoved(ip: string, nft: string): Promise<void> {
  const inside = [ip, "-netns", SPACE];
  await run([ip, "netns", "add", SPACE]);
  await run([ip, "link", "add", "bench1", "type", "veth", "peer", "name", "eth0", "netns", SPACE]);
  await run([ip, "link", "set", "bench1", "master", BRIDGE, "up"]);
  await run([...inside, "address", "add", "10.213.0.2/24", "dev", "eth0"]);
  await run([...inside, "link", "set", "eth0", "up"]);
  await run([...inside, "link", "set", "lo", "up"]);
  await run([...inside, "route", "add", "default", "via", "10.213.0.1"]);
  await run([nft, `add element inet ${TABLE} ports { tcp . 18081 : 10.213.0.2 . 80 }`]);
  await run([nft, `delete element inet ${TABLE} ports { tcp . 18081 }`]);
  await run([ip, "netns", "delete", SPACE]);
}
