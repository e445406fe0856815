import {
  attribute,
  attributesIn,
  nested,
  numberAttribute,
  request,
  textAttribute,
  textIn,
  u16,
  u32,
  viewOf,
} from "./message.ts";
import {
  AF,
  IFF,
  IFLA,
  IFLA_BR_MCAST_SNOOPING,
  IFLA_BRPORT_MODE,
  IFLA_INET6_ADDR_GEN_MODE,
  IFLA_INFO,
  IN6_ADDR_GEN_MODE_NONE,
  NLM_F,
  RTM,
  VETH_INFO_PEER,
} from "./numbers.ts";

const NEW = NLM_F.NLM_F_CREATE | NLM_F.NLM_F_EXCL;

/** struct ifinfomsg of linux/rtnetlink.h. */
const LINK_HEADER_BYTES = 16;

function linkHeader(flags: number, index = 0): number[] {
  return [AF.AF_UNSPEC, 0, ...u16(0), ...u32(index), ...u32(flags), ...u32(flags)];
}

/** A bridge that floods multicast: neighbours are found even where no router keeps lists of who listens. */
export function newBridge(name: string, mac: readonly number[]): Uint8Array {
  return request(
    RTM.RTM_NEWLINK,
    NEW,
    linkHeader(0),
    textAttribute(IFLA.IFLA_IFNAME, name),
    attribute(IFLA.IFLA_ADDRESS, mac),
    nested(
      IFLA.IFLA_LINKINFO,
      textAttribute(IFLA_INFO.IFLA_INFO_KIND, "bridge"),
      nested(IFLA_INFO.IFLA_INFO_DATA, attribute(IFLA_BR_MCAST_SNOOPING, [0])),
    ),
  );
}

/** Where a link is put: the network namespace of a process, or the one that the sender has open. */
export type Namespace = { readonly pid: number } | { readonly fd: number };

/** The two ends of a cable: one here, in a bridge, the other in another network namespace. */
export function newVeth(
  here: { readonly name: string; readonly master: number },
  there: { readonly name: string; readonly mac: readonly number[]; readonly namespace: Namespace },
  mtu: number,
): Uint8Array {
  return request(
    RTM.RTM_NEWLINK,
    NEW,
    linkHeader(0),
    textAttribute(IFLA.IFLA_IFNAME, here.name),
    numberAttribute(IFLA.IFLA_MTU, mtu),
    numberAttribute(IFLA.IFLA_MASTER, here.master),
    nested(
      IFLA.IFLA_LINKINFO,
      textAttribute(IFLA_INFO.IFLA_INFO_KIND, "veth"),
      nested(
        IFLA_INFO.IFLA_INFO_DATA,
        nested(
          VETH_INFO_PEER,
          linkHeader(0),
          textAttribute(IFLA.IFLA_IFNAME, there.name),
          attribute(IFLA.IFLA_ADDRESS, there.mac),
          numberAttribute(IFLA.IFLA_MTU, mtu),
          namespaceAttribute(there.namespace),
        ),
      ),
    ),
  );
}

function namespaceAttribute(namespace: Namespace): number[] {
  if ("pid" in namespace) return numberAttribute(IFLA.IFLA_NET_NS_PID, namespace.pid);
  return numberAttribute(IFLA.IFLA_NET_NS_FD, namespace.fd);
}

const NO_LINK_LOCAL = nested(
  IFLA.IFLA_AF_SPEC,
  nested(AF.AF_INET6, attribute(IFLA_INET6_ADDR_GEN_MODE, [IN6_ADDR_GEN_MODE_NONE])),
);

/** Switches on a port of a bridge, which may send a packet back to where it came from: to a container's own port. */
export function portUp(name: string, alias: string): Uint8Array {
  return request(
    RTM.RTM_NEWLINK,
    0,
    linkHeader(IFF.IFF_UP),
    textAttribute(IFLA.IFLA_IFNAME, name),
    textAttribute(IFLA.IFLA_IFALIAS, alias),
    NO_LINK_LOCAL,
    nested(
      IFLA.IFLA_LINKINFO,
      textAttribute(IFLA_INFO.IFLA_INFO_SLAVE_KIND, "bridge"),
      nested(IFLA_INFO.IFLA_INFO_SLAVE_DATA, attribute(IFLA_BRPORT_MODE, [1])),
    ),
  );
}

/** Of IPv6. Sent before the link is up, which is when the kernel would make one. */
export function noLinkLocal(name: string): Uint8Array {
  return request(RTM.RTM_NEWLINK, 0, linkHeader(0), textAttribute(IFLA.IFLA_IFNAME, name), NO_LINK_LOCAL);
}

export function linkUp(name: string): Uint8Array {
  return request(RTM.RTM_NEWLINK, 0, linkHeader(IFF.IFF_UP), textAttribute(IFLA.IFLA_IFNAME, name));
}

/** How `ip link` shows whose it is. */
export function setAlias(name: string, alias: string): Uint8Array {
  return request(
    RTM.RTM_NEWLINK,
    0,
    linkHeader(0),
    textAttribute(IFLA.IFLA_IFNAME, name),
    textAttribute(IFLA.IFLA_IFALIAS, alias),
  );
}

export function deleteLink(name: string): Uint8Array {
  return request(RTM.RTM_DELLINK, 0, linkHeader(0), textAttribute(IFLA.IFLA_IFNAME, name));
}

export function getLink(link: string | number): Uint8Array {
  if (typeof link === "number") return request(RTM.RTM_GETLINK, 0, linkHeader(0, link));
  return request(RTM.RTM_GETLINK, 0, linkHeader(0), textAttribute(IFLA.IFLA_IFNAME, link));
}

export interface Link {
  readonly index: number;
  readonly name: string;
  /** `bridge`, `veth` and so on; empty for hardware. */
  readonly kind: string;
  readonly mtu: number;
  readonly isUp: boolean;
}

/** An answer to getLink. */
export function linkOf(body: Uint8Array): Link {
  const header = viewOf(body);
  const attributes = attributesIn(body, LINK_HEADER_BYTES);
  const info = attributesIn(attributes.get(IFLA.IFLA_LINKINFO) ?? new Uint8Array());
  const mtu = attributes.get(IFLA.IFLA_MTU);
  return {
    index: header.getInt32(4, true),
    name: textIn(attributes.get(IFLA.IFLA_IFNAME)),
    kind: textIn(info.get(IFLA_INFO.IFLA_INFO_KIND)),
    mtu: mtu?.length === 4 ? viewOf(mtu).getUint32(0, true) : 0,
    isUp: (header.getUint32(8, true) & IFF.IFF_UP) !== 0,
  };
}
