import { numberName } from "../linux.ts";
import { addressOf, addressText } from "../network/address.ts";
import { attributesIn, type Message, messagesIn, textIn, viewOf } from "../network/netlink/message.ts";
import {
  IFA,
  IFLA,
  IFLA_BR_MCAST_SNOOPING,
  IFLA_BRPORT_MODE,
  IFLA_INET6_ADDR_GEN_MODE,
  IFLA_INFO,
  NDA,
  RTA,
  RTM,
  VETH_INFO_PEER,
} from "../network/netlink/numbers.ts";

/** How an attribute's bytes are shown, by its name; what is not listed is a number. */
type Show = (bytes: Uint8Array) => string;

const text: Show = (bytes) => JSON.stringify(textIn(bytes));
const mac: Show = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
const ip: Show = (bytes) => {
  const address = addressOf(bytes);
  return address ? addressText(address) : mac(bytes);
};
const number: Show = (bytes) => String(bytes.length === 4 ? viewOf(bytes).getUint32(0, true) : bytes[0]);
const inside =
  (names: Names, shows: Shows, headerBytes = 0): Show =>
  (bytes) =>
    attributesText(bytes, names, shows, headerBytes);

type Names = Readonly<Record<string, number>>;
type Shows = Readonly<Record<string, Show>>;

/** struct ifinfomsg */
const LINK_HEADER_BYTES = 16;

const LINK: Shows = {
  IFLA_ADDRESS: mac,
  IFLA_IFNAME: text,
  IFLA_IFALIAS: text,
  IFLA_AF_SPEC: inside({ AF_INET6: 10 }, { AF_INET6: inside({ IFLA_INET6_ADDR_GEN_MODE }, {}) }),
  IFLA_LINKINFO: (bytes) => inside(IFLA_INFO, INFO)(bytes),
};
const INFO: Shows = {
  IFLA_INFO_KIND: text,
  IFLA_INFO_SLAVE_KIND: text,
  IFLA_INFO_SLAVE_DATA: inside({ IFLA_BRPORT_MODE }, {}),
  IFLA_INFO_DATA: inside(
    { VETH_INFO_PEER, IFLA_BR_MCAST_SNOOPING },
    { VETH_INFO_PEER: inside(IFLA, LINK, LINK_HEADER_BYTES) },
  ),
};
const ADDRESS: Shows = { IFA_LOCAL: ip, IFA_ADDRESS: ip, IFA_BROADCAST: ip };
const ROUTE: Shows = { RTA_DST: ip, RTA_GATEWAY: ip };
const NEIGHBOUR: Shows = { NDA_DST: ip, NDA_LLADDR: mac };

const LAYOUTS: Readonly<Record<number, readonly [headerBytes: number, names: Names, shows: Shows]>> = {
  [RTM.RTM_NEWLINK]: [LINK_HEADER_BYTES, IFLA, LINK],
  [RTM.RTM_NEWADDR]: [8, IFA, ADDRESS],
  [RTM.RTM_NEWROUTE]: [12, RTA, ROUTE],
  [RTM.RTM_GETROUTE]: [12, RTA, ROUTE],
  [RTM.RTM_NEWNEIGH]: [12, NDA, NEIGHBOUR],
};

/** The messages of a step as strace writes them, without the headers. `link`: the link they are about. */
export function messagesText(words: readonly number[], link: string): string {
  const bytes = new Uint8Array(new Uint32Array(words).buffer);
  return messagesIn(bytes)
    .map((message) => messageText(message, link))
    .join(", ");
}

function messageText({ type, body }: Message, link: string): string {
  const [headerBytes, names, shows] = LAYOUTS[type] ?? [0, {}, {}];
  const where = link === "" ? "" : `${link}: `;
  return `{${numberName(type, RTM)}, ${where}${attributesText(body, names, shows, headerBytes)}}`;
}

function attributesText(bytes: Uint8Array, names: Names, shows: Shows, headerBytes: number): string {
  const all = [...attributesIn(bytes, headerBytes)].map(([type, payload]) => {
    const name = Object.entries(names).find(([, number]) => number === type)?.[0] ?? String(type);
    return `${name}=${(shows[name] ?? number)(payload)}`;
  });
  return `[${all.join(", ")}]`;
}
