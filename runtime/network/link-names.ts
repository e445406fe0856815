import { bytesOf, parseAddress } from "./address.ts";

/** linux/if.h: IFNAMSIZ without its NUL. */
const NAME_BYTES_MAX = 15;

/** The bridge of a network: as lasting as the state directory and the network's name, so that it is found again. */
export function bridgeName(stateRoot: string, network: string): string {
  return `td-${hash(`${stateRoot}\0${network}`)}`.slice(0, NAME_BYTES_MAX);
}

/** The table of a state directory's rules. */
export function tableName(stateRoot: string): string {
  return `tinydocker-${hash(stateRoot)}`;
}

/** The machine's end of a container's cable. The address is in the name, so that no two with the same exist. */
export function vethName(ipv4: string): string {
  return `td${hex(ipv4Bytes(ipv4))}`;
}

/** A MAC address of local administration, as lasting as the address: what others remember of it stays true. */
export function macOf(ipv4: string): number[] {
  return [0x02, 0x42, ...ipv4Bytes(ipv4)];
}

/** `02:42:ac:12:00:02`, in either case, also with dashes. Undefined for anything else, and for what is no single link's. */
export function parseMac(text: string): number[] | undefined {
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) return undefined;
  const bytes = text.split(/[:-]/).map((byte) => Number.parseInt(byte, 16));
  const isMulticast = ((bytes[0] ?? 0) & 1) === 1;
  return isMulticast || bytes.every((byte) => byte === 0) ? undefined : bytes;
}

function ipv4Bytes(text: string): number[] {
  const address = parseAddress(text, 4);
  return address ? bytesOf(address) : [];
}

function hex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function hash(text: string): string {
  return fnv1a(text).toString(16).padStart(8, "0");
}

/** Of 32 bits. */
export function fnv1a(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value >>> 0;
}
