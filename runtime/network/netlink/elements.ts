import { bytesOf, parseAddress } from "../address.ts";
import type { PortChange, PortElement } from "../rules.ts";
import { attribute, type Bytes, bigEndian32, nested, part, request, textAttribute } from "./message.ts";
import { batchHeader, messageType, tableHeader } from "./netfilter.ts";
import {
  NFNL_BATCH_GENID,
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFT_MSG,
  NFTA_DATA_VALUE,
  NFTA_LIST_ELEM,
  NFTA_SET_ELEM,
  NFTA_SET_ELEM_LIST,
  NLM_F,
} from "./numbers.ts";

/** netinet/in.h */
const IPPROTO = { tcp: 6, udp: 17 } as const;

/**
 * One transaction that changes elements of the maps in our table; only while the ruleset has this generation, which it raises
 * by one. nft reads the whole table for the same, and takes 10 ms to load.
 */
export function changeElements(table: string, changes: readonly PortChange[], generation: number): Uint8Array[] {
  const messages = changes.flatMap(({ map, gone, added }) => [
    ...elements(NFT_MSG.NFT_MSG_DELSETELEM, 0, table, map, gone.map(keyOf)),
    ...elements(NFT_MSG.NFT_MSG_NEWSETELEM, NLM_F.NLM_F_CREATE, table, map, added.map(elementOf)),
  ]);
  return [
    part(NFNL_MSG_BATCH_BEGIN, 0, batchHeader(), attribute(NFNL_BATCH_GENID, bigEndian32(generation))),
    ...messages.map((make, i) => make(i === messages.length - 1 ? request : part)),
    part(NFNL_MSG_BATCH_END, 0, batchHeader()),
  ];
}

type Make = (send: typeof request) => Uint8Array;

function elements(type: number, flags: number, table: string, map: string, all: readonly Bytes[]): Make[] {
  if (all.length === 0) return [];
  const list = [
    textAttribute(NFTA_SET_ELEM_LIST.NFTA_SET_ELEM_LIST_TABLE, table),
    textAttribute(NFTA_SET_ELEM_LIST.NFTA_SET_ELEM_LIST_SET, map),
    nested(NFTA_SET_ELEM_LIST.NFTA_SET_ELEM_LIST_ELEMENTS, ...all.map((one) => nested(NFTA_LIST_ELEM, one))),
  ];
  return [(send) => send(messageType(type), flags, tableHeader("inet"), ...list)];
}

function keyOf({ address, protocol, host }: PortElement): number[] {
  const at = address === undefined ? [] : field(addressBytes(address));
  return value(NFTA_SET_ELEM.NFTA_SET_ELEM_KEY, [...at, ...field([IPPROTO[protocol]]), ...field(port(host))]);
}

function elementOf(element: PortElement): number[] {
  const data = [...field(addressBytes(element.target)), ...field(port(element.container))];
  return [...keyOf(element), ...value(NFTA_SET_ELEM.NFTA_SET_ELEM_DATA, data)];
}

function value(type: number, bytes: Bytes): number[] {
  return nested(type, attribute(NFTA_DATA_VALUE, bytes));
}

/** Of a concatenation, each part fills registers of 4 bytes. */
function field(bytes: readonly number[]): number[] {
  return [...bytes, 0, 0, 0].slice(0, 4);
}

function addressBytes(text: string): number[] {
  const address = parseAddress(text, 4);
  return address ? bytesOf(address) : [];
}

/** In network byte order. */
function port(number: number): number[] {
  return [number >>> 8, number & 0xff];
}
