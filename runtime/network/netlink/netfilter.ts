import {
  allAttributesIn,
  attributesIn,
  bigEndianIn,
  dump,
  type Message,
  request,
  textAttribute,
  textIn,
  u16,
} from "./message.ts";
import {
  NFNL_SUBSYS_NFTABLES,
  NFT_MSG,
  NFTA_CHAIN,
  NFTA_DATA_VERDICT,
  NFTA_EXPR,
  NFTA_GEN_ID,
  NFTA_HOOK_HOOKNUM,
  NFTA_IMMEDIATE_DATA,
  NFTA_RULE,
  NFTA_TARGET_NAME,
  NFTA_VERDICT_CODE,
} from "./numbers.ts";

/** struct nfgenmsg of linux/netfilter/nfnetlink.h. */
const HEADER_BYTES = 4;
const NOTHING = new Uint8Array();
/** linux/netfilter.h */
const NF_INET_FORWARD = 2;
const NF_DROP = 0;
/** linux/netfilter.h: NFPROTO_INET and so on, as nft names them. */
const FAMILIES: ReadonlyMap<number, string> = new Map([
  [1, "inet"],
  [2, "ip"],
  [7, "bridge"],
  [10, "ip6"],
]);

export function messageType(message: number): number {
  return (NFNL_SUBSYS_NFTABLES << 8) | message;
}

/** `family`: its number. */
export function subsystemHeader(family: number): number[] {
  return [family, 0, ...u16(0)];
}

/** Of a message about a table. `family`: as nft names it. */
export function tableHeader(family: string): number[] {
  return subsystemHeader([...FAMILIES].find(([, name]) => name === family)?.[0] ?? 0);
}

/** Of the begin and the end of a transaction of nf_tables; the number is in network byte order. */
export function batchHeader(): number[] {
  return [0, 0, 0, NFNL_SUBSYS_NFTABLES];
}

/** The number of the ruleset: each change, by whomever, raises it. */
export function getGeneration(): Uint8Array {
  return request(messageType(NFT_MSG.NFT_MSG_GETGEN), 0, subsystemHeader(0));
}

export function generationOf({ body }: Message): number | undefined {
  return bigEndianIn(attributesIn(body, HEADER_BYTES).get(NFTA_GEN_ID));
}

export function getChains(): Uint8Array {
  return dump(messageType(NFT_MSG.NFT_MSG_GETCHAIN), subsystemHeader(0));
}

export interface Chain {
  /** `inet`, `ip` and so on. */
  readonly family: string;
  readonly table: string;
  readonly name: string;
  /** It sees what is forwarded. */
  readonly isForward: boolean;
  /** And drops what no rule of it accepts. */
  readonly dropsForwarded: boolean;
}

/** An answer to getChains. */
export function chainOf({ body }: Message): Chain {
  const attributes = attributesIn(body, HEADER_BYTES);
  const hook = attributesIn(attributes.get(NFTA_CHAIN.NFTA_CHAIN_HOOK) ?? NOTHING);
  const isForward = bigEndianIn(hook.get(NFTA_HOOK_HOOKNUM)) === NF_INET_FORWARD;
  return {
    family: FAMILIES.get(body[0] ?? 0) ?? String(body[0]),
    table: textIn(attributes.get(NFTA_CHAIN.NFTA_CHAIN_TABLE)),
    name: textIn(attributes.get(NFTA_CHAIN.NFTA_CHAIN_NAME)),
    isForward,
    dropsForwarded: isForward && bigEndianIn(attributes.get(NFTA_CHAIN.NFTA_CHAIN_POLICY)) === NF_DROP,
  };
}

/** The rules of a table; those of all its chains, as one may jump to another. */
export function getRules({ family, table }: Pick<Chain, "family" | "table">): Uint8Array {
  return dump(
    messageType(NFT_MSG.NFT_MSG_GETRULE),
    tableHeader(family),
    textAttribute(NFTA_RULE.NFTA_RULE_TABLE, table),
  );
}

/** What a rule may do beside its verdict; it compares nothing. */
const ALONGSIDE = ["counter", "log"];

/** Whether the rule is one of the chain's and drops or refuses every packet that comes to it, as firewalld's last one. */
export function dropsAll({ body }: Message, chain: string): boolean {
  const attributes = attributesIn(body, HEADER_BYTES);
  if (textIn(attributes.get(NFTA_RULE.NFTA_RULE_CHAIN)) !== chain) return false;
  const expressions = allAttributesIn(attributes.get(NFTA_RULE.NFTA_RULE_EXPRESSIONS) ?? NOTHING).map(([, one]) =>
    attributesIn(one),
  );
  const deciding = expressions.filter((one) => !ALONGSIDE.includes(textIn(one.get(NFTA_EXPR.NFTA_EXPR_NAME))));
  const [first] = deciding;
  return deciding.length === 1 && first !== undefined && isRefusal(first);
}

/** Of nft, or of iptables, which has it as a target. */
function isRefusal(expression: ReadonlyMap<number, Uint8Array>): boolean {
  const data = attributesIn(expression.get(NFTA_EXPR.NFTA_EXPR_DATA) ?? NOTHING);
  switch (textIn(expression.get(NFTA_EXPR.NFTA_EXPR_NAME))) {
    case "reject":
      return true;
    case "target":
      return textIn(data.get(NFTA_TARGET_NAME)) === "REJECT";
    case "immediate":
      return verdictIn(data.get(NFTA_IMMEDIATE_DATA) ?? NOTHING) === NF_DROP;
    default:
      return false;
  }
}

function verdictIn(data: Uint8Array): number | undefined {
  const verdict = attributesIn(data).get(NFTA_DATA_VERDICT);
  return verdict && bigEndianIn(attributesIn(verdict).get(NFTA_VERDICT_CODE));
}

/** Whether a rule compares with the name of a link. */
export function namesLink({ body }: Message, link: string): boolean {
  return textOf(body).includes(link);
}

function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
