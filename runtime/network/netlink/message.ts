import { NLM_F, NLM_F_DUMP } from "./numbers.ts";

/** struct nlmsghdr and struct nlattr of linux/netlink.h. */
export const HEADER_BYTES = 16;
export const ATTRIBUTE_HEADER_BYTES = 4;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

const UTF8 = new TextEncoder();

export type Bytes = readonly number[] | Uint8Array;

/** One attribute, padded to 4 bytes. */
export function attribute(type: number, payload: Bytes): number[] {
  return padded([...u16(payload.length + ATTRIBUTE_HEADER_BYTES), ...u16(type), ...payload]);
}

export function nested(type: number, ...attributes: readonly Bytes[]): number[] {
  return attribute(
    type | NESTED,
    attributes.flatMap((one) => [...one]),
  );
}

/** A string that ends with NUL. */
export function textAttribute(type: number, text: string): number[] {
  return attribute(type, [...UTF8.encode(text), 0]);
}

export function numberAttribute(type: number, value: number): number[] {
  return attribute(type, u32(value));
}

export function u16(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff];
}

export function u32(value: number): number[] {
  return [...u16(value & 0xffff), ...u16(value >>> 16)];
}

/** In network byte order, as netfilter's attributes have it. */
export function bigEndian32(value: number): number[] {
  return u32(value).reverse();
}

/** A request that is acknowledged. `flags`: more of NLM_F. */
export function request(type: number, flags: number, header: Bytes, ...attributes: readonly Bytes[]): Uint8Array {
  return message(type, NLM_F.NLM_F_REQUEST | NLM_F.NLM_F_ACK | flags, header, attributes);
}

/** A request that is not acknowledged, as one of several that are sent at once. */
export function part(type: number, flags: number, header: Bytes, ...attributes: readonly Bytes[]): Uint8Array {
  return message(type, NLM_F.NLM_F_REQUEST | flags, header, attributes);
}

/** A request for all there are of a kind. */
export function dump(type: number, header: Bytes, ...attributes: readonly Bytes[]): Uint8Array {
  return message(type, NLM_F.NLM_F_REQUEST | NLM_F_DUMP, header, attributes);
}

function message(type: number, flags: number, header: Bytes, attributes: readonly Bytes[]): Uint8Array {
  const body = [...header, ...attributes.flatMap((one) => [...one])];
  return Uint8Array.from(
    padded([...u32(HEADER_BYTES + body.length), ...u16(type), ...u16(flags), ...u32(0), ...u32(0), ...body]),
  );
}

function padded(bytes: number[]): number[] {
  while (bytes.length % 4 !== 0) bytes.push(0);
  return bytes;
}

/** A message, or one of the kernel's answers. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  /** What follows the netlink header. */
  readonly body: Uint8Array;
}

/** Stops at the first that is not whole. */
export function messagesIn(bytes: Uint8Array): Message[] {
  const view = viewOf(bytes);
  return records(bytes, HEADER_BYTES, (at) => view.getUint32(at, true)).map(({ begin, end }) => ({
    type: view.getUint16(begin + 4, true),
    flags: view.getUint16(begin + 6, true),
    body: bytes.subarray(begin + HEADER_BYTES, end),
  }));
}

/** The attributes behind a header of `from` bytes, by their type; of several of one type, the last. */
export function attributesIn(bytes: Uint8Array, from = 0): ReadonlyMap<number, Uint8Array> {
  return new Map(allAttributesIn(bytes, from));
}

/** All of them, in their order, each with its type. */
export function allAttributesIn(bytes: Uint8Array, from = 0): (readonly [type: number, payload: Uint8Array])[] {
  const view = viewOf(bytes);
  const all = records(bytes, ATTRIBUTE_HEADER_BYTES, (at) => view.getUint16(at, true), from);
  return all.map((one) => [
    view.getUint16(one.begin + 2, true) & TYPE_MASK,
    bytes.subarray(one.begin + ATTRIBUTE_HEADER_BYTES, one.end),
  ]);
}

interface Part {
  readonly begin: number;
  readonly end: number;
}

/** Records that each begin with a header and have their length in it. Without a view of each, which takes longer than all else. */
function records({ length: all }: Uint8Array, headerBytes: number, lengthAt: (at: number) => number, from = 0): Part[] {
  const found: Part[] = [];
  for (let at = from; at + headerBytes <= all; ) {
    const length = lengthAt(at);
    if (length < headerBytes || at + length > all) break;
    found.push({ begin: at, end: at + length });
    at += (length + 3) & ~3;
  }
  return found;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The string up to its NUL; netlink's names are ASCII. */
export function textIn(bytes: Uint8Array | undefined): string {
  const end = bytes?.indexOf(0) ?? -1;
  return String.fromCharCode(...(bytes?.subarray(0, end < 0 ? bytes.length : end) ?? []));
}

/** In network byte order, as netfilter's attributes have it. */
export function bigEndianIn(bytes: Uint8Array | undefined): number | undefined {
  return bytes?.length === 4 ? viewOf(bytes).getUint32(0, false) : undefined;
}

/** Of a plan's step. */
export function wordsOf(...messages: readonly Uint8Array[]): number[] {
  return messages.flatMap((one) => {
    const view = viewOf(one);
    return Array.from({ length: one.length / 4 }, (_, i) => view.getUint32(i * 4, true));
  });
}
