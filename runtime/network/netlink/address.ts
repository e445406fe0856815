import { type Address, addressOf, bytesOf, type Subnet } from "../address.ts";
import { attribute, attributesIn, dump, numberAttribute, request, u16, u32, viewOf } from "./message.ts";
import { AF, IFA, IFA_F_NODAD, NDA, NLM_F, NUD, RT_TABLE_MAIN, RTA, RTM, RTN_UNICAST, RTPROT_BOOT } from "./numbers.ts";

const ANEW = NLM_F.NLM_F_CREATE | NLM_F.NLM_F_REPLACE;

/** struct rtmsg of linux/rtnetlink.h. */
const ROUTE_HEADER_BYTES = 12;

/** The address of a link with its subnet, usable at once. `index` 0: the init puts it in. */
export function newAddress(address: Subnet, index = 0): Uint8Array {
  const { family, prefix } = address;
  const bytes = bytesOf(address);
  return request(
    RTM.RTM_NEWADDR,
    ANEW,
    [familyNumber(address), prefix, 0, 0, ...u32(index)],
    attribute(IFA.IFA_LOCAL, bytes),
    attribute(IFA.IFA_ADDRESS, bytes),
    ...(family === 4 ? [attribute(IFA.IFA_BROADCAST, bytesOf(lastOf(address)))] : []),
    ...(family === 6 ? [numberAttribute(IFA.IFA_FLAGS, IFA_F_NODAD)] : []),
  );
}

function lastOf({ family, value, prefix }: Subnet): Address {
  return { family, value: value | ((1n << BigInt(32 - prefix)) - 1n) };
}

export function defaultRoute(gateway: Address): Uint8Array {
  const family = familyNumber(gateway);
  return request(
    RTM.RTM_NEWROUTE,
    NLM_F.NLM_F_CREATE | NLM_F.NLM_F_EXCL,
    [family, 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST, ...u32(0)],
    attribute(RTA.RTA_GATEWAY, bytesOf(gateway)),
  );
}

/** Who has an address, told rather than asked for. `lasting`: it is never asked for; else it is checked once it is used. */
export function newNeighbour(address: Address, mac: readonly number[], lasting: boolean, index = 0): Uint8Array {
  const state = lasting ? NUD.NUD_PERMANENT : NUD.NUD_STALE;
  return request(
    RTM.RTM_NEWNEIGH,
    ANEW,
    [familyNumber(address), 0, ...u16(0), ...u32(index), ...u16(state), 0, 0],
    attribute(NDA.NDA_DST, bytesOf(address)),
    attribute(NDA.NDA_LLADDR, mac),
  );
}

export function getRoutes(): Uint8Array {
  return dump(RTM.RTM_GETROUTE, [AF.AF_UNSPEC, ...Array<number>(ROUTE_HEADER_BYTES - 1).fill(0)]);
}

/** For what is sent to an address; without a wait for those who change links. */
export function getRoute(address: Address): Uint8Array {
  const header = [familyNumber(address), 8 * bytesOf(address).length];
  const rest = Array<number>(ROUTE_HEADER_BYTES - header.length).fill(0);
  return request(RTM.RTM_GETROUTE, 0, [...header, ...rest], attribute(RTA.RTA_DST, bytesOf(address)));
}

export interface Route {
  readonly subnet: Subnet;
  /** The index of its link; undefined of a route over several. */
  readonly link: number | undefined;
  /** This machine's address in what is sent there. */
  readonly source: Address | undefined;
}

/** An answer to getRoutes or getRoute; undefined for one of another family. A default route has a prefix of 0. */
export function routeOf(body: Uint8Array): Route | undefined {
  const [family, prefix = 0] = body;
  if (family !== AF.AF_INET && family !== AF.AF_INET6) return undefined;
  const attributes = attributesIn(body, ROUTE_HEADER_BYTES);
  const nowhere: Address = { family: family === AF.AF_INET ? 4 : 6, value: 0n };
  const address = addressOf(attributes.get(RTA.RTA_DST) ?? new Uint8Array()) ?? nowhere;
  const link = attributes.get(RTA.RTA_OIF);
  const source = addressOf(attributes.get(RTA.RTA_PREFSRC) ?? new Uint8Array());
  return { subnet: { ...address, prefix }, link: link && viewOf(link).getUint32(0, true), source };
}

function familyNumber({ family }: Address): number {
  return family === 4 ? AF.AF_INET : AF.AF_INET6;
}
