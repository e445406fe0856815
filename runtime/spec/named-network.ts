import { Failure } from "../failure.ts";

/** A network that a container is to be on, and what it has there as it was written; an address that is absent is chosen. */
export interface NamedNetwork {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
  readonly macAddress?: string | undefined;
}

const FIELDS = { ip: "ip", ip6: "ip6", "mac-address": "macAddress" } as const;
const ALL = ["name", "alias", ...Object.keys(FIELDS)];
const NOT_MADE = /^(none|host|default|container:.*)$/;

/** Of one --network: NAME, or name=NAME[,alias=NAME…][,ip=ADDR][,ip6=ADDR][,mac-address=ADDR], as docker reads it. Throws Failure. */
export function namedNetwork(written: string): NamedNetwork {
  if (!written.includes("=")) return { name: written, aliases: [] };
  const pairs = written.split(",").map((field) => pairOf(written, field));
  const last = (key: string) => pairs.findLast((pair) => pair.key === key)?.value;
  const name = last("name");
  if (name === undefined) throw refused(written, "it has no name=");
  if (NOT_MADE.test(name)) throw refused(written, `only a network that was made has fields: use --network ${name}`);
  return {
    name,
    aliases: pairs.flatMap(({ key, value }) => (key === "alias" ? [value] : [])),
    ip: last("ip"),
    ip6: last("ip6"),
    macAddress: last("mac-address"),
  };
}

function pairOf(written: string, field: string): { key: string; value: string } {
  const [, key = "", value = ""] = /^([^=]*)=(.*)$/.exec(field) ?? [];
  if (!ALL.includes(key)) throw refused(written, `${JSON.stringify(key || field)} is none of ${ALL.join(", ")}`);
  if (value === "") throw refused(written, `${key}= is empty`);
  return { key, value };
}

/** What is asked for without a network's name is the first one's, as with docker. Throws Failure where it has that already. */
export function onFirst(
  [first, ...others]: readonly NamedNetwork[],
  asked: Pick<NamedNetwork, "ip" | "ip6" | "macAddress">,
): NamedNetwork[] {
  if (!first) return [];
  for (const [option, key] of Object.entries(FIELDS))
    if (asked[key] !== undefined && first[key] !== undefined)
      throw refused(`name=${first.name},${option}=${first[key]}`, `--${option} gives the first network another one`);
  const { ip = first.ip, ip6 = first.ip6, macAddress = first.macAddress } = asked;
  return [{ ...first, ip, ip6, macAddress }, ...others];
}

function refused(written: string, why: string): Failure {
  return new Failure(`--network ${written}: ${why}`, { code: "usage", remedy: "see tinydocker run --help" });
}
