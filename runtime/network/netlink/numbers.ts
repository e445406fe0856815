/** Numbers of netlink's interface, read both ways as those of linux.ts are. */

/** linux/netlink.h */
export const PROTOCOL = { NETLINK_ROUTE: 0, NETLINK_NETFILTER: 12 } as const;

/** linux/netlink.h: of a request that makes something. */
export const NLM_F = {
  NLM_F_REQUEST: 1,
  NLM_F_ACK: 4,
  NLM_F_REPLACE: 0x100,
  NLM_F_EXCL: 0x200,
  NLM_F_CREATE: 0x400,
} as const;

/** linux/netlink.h: of a request for all of a kind, where the bits above mean something else. */
export const NLM_F_DUMP = 0x300;

/** linux/rtnetlink.h */
export const RTM = {
  RTM_NEWLINK: 16,
  RTM_DELLINK: 17,
  RTM_GETLINK: 18,
  RTM_NEWADDR: 20,
  RTM_NEWROUTE: 24,
  RTM_GETROUTE: 26,
  RTM_NEWNEIGH: 28,
} as const;

/** linux/socket.h */
export const AF = { AF_UNSPEC: 0, AF_INET: 2, AF_INET6: 10 } as const;

/** linux/if.h */
export const IFF = { IFF_UP: 1 } as const;

/** linux/if_link.h */
export const IFLA = {
  IFLA_ADDRESS: 1,
  IFLA_IFNAME: 3,
  IFLA_MTU: 4,
  IFLA_MASTER: 10,
  IFLA_LINKINFO: 18,
  IFLA_NET_NS_PID: 19,
  IFLA_IFALIAS: 20,
  IFLA_AF_SPEC: 26,
  IFLA_NET_NS_FD: 28,
} as const;

/** linux/if_link.h: inside IFLA_LINKINFO. */
export const IFLA_INFO = {
  IFLA_INFO_KIND: 1,
  IFLA_INFO_DATA: 2,
  IFLA_INFO_SLAVE_KIND: 4,
  IFLA_INFO_SLAVE_DATA: 5,
} as const;

/** linux/veth.h, and of linux/if_link.h those inside IFLA_INFO_DATA, IFLA_INFO_SLAVE_DATA and IFLA_AF_SPEC. */
export const VETH_INFO_PEER = 1;
export const IFLA_BR_MCAST_SNOOPING = 23;
export const IFLA_BRPORT_MODE = 4;
export const IFLA_INET6_ADDR_GEN_MODE = 8;
/** linux/if_link.h: no link-local address is made. */
export const IN6_ADDR_GEN_MODE_NONE = 1;

/** linux/if_addr.h */
export const IFA = { IFA_ADDRESS: 1, IFA_LOCAL: 2, IFA_BROADCAST: 4, IFA_FLAGS: 8 } as const;
/** The address is not first looked for on the link, so that it can be used at once. */
export const IFA_F_NODAD = 2;

/** linux/rtnetlink.h */
export const RTA = { RTA_DST: 1, RTA_OIF: 4, RTA_GATEWAY: 5, RTA_PREFSRC: 7 } as const;
export const RT_TABLE_MAIN = 254;
export const RTPROT_BOOT = 3;
export const RTN_UNICAST = 1;

/** linux/neighbour.h */
export const NDA = { NDA_DST: 1, NDA_LLADDR: 2 } as const;
export const NUD = { NUD_STALE: 4, NUD_PERMANENT: 0x80 } as const;

/** linux/netfilter/nfnetlink.h and nf_tables.h */
export const NFNL_SUBSYS_NFTABLES = 10;
export const NFNL_MSG_BATCH_BEGIN = 16;
export const NFNL_MSG_BATCH_END = 17;
export const NFNL_BATCH_GENID = 1;
export const NFT_MSG = {
  NFT_MSG_GETCHAIN: 4,
  NFT_MSG_GETRULE: 7,
  NFT_MSG_NEWSETELEM: 12,
  NFT_MSG_DELSETELEM: 14,
  NFT_MSG_GETGEN: 16,
} as const;
export const NFTA_GEN_ID = 1;
export const NFTA_CHAIN = {
  NFTA_CHAIN_TABLE: 1,
  NFTA_CHAIN_NAME: 3,
  NFTA_CHAIN_HOOK: 4,
  NFTA_CHAIN_POLICY: 5,
} as const;
export const NFTA_HOOK_HOOKNUM = 1;
export const NFTA_SET_ELEM_LIST = {
  NFTA_SET_ELEM_LIST_TABLE: 1,
  NFTA_SET_ELEM_LIST_SET: 2,
  NFTA_SET_ELEM_LIST_ELEMENTS: 3,
} as const;
export const NFTA_LIST_ELEM = 1;
export const NFTA_SET_ELEM = { NFTA_SET_ELEM_KEY: 1, NFTA_SET_ELEM_DATA: 2 } as const;
export const NFTA_DATA_VALUE = 1;
export const NFTA_RULE = { NFTA_RULE_TABLE: 1, NFTA_RULE_CHAIN: 2, NFTA_RULE_EXPRESSIONS: 4 } as const;
export const NFTA_EXPR = { NFTA_EXPR_NAME: 1, NFTA_EXPR_DATA: 2 } as const;
export const NFTA_IMMEDIATE_DATA = 2;
export const NFTA_DATA_VERDICT = 2;
export const NFTA_VERDICT_CODE = 1;
/** linux/netfilter/nf_tables_compat.h */
export const NFTA_TARGET_NAME = 1;

/** linux/netfilter/nfnetlink.h and nfnetlink_conntrack.h */
export const NFNL_SUBSYS_CTNETLINK = 1;
export const IPCTNL_MSG_CT = { IPCTNL_MSG_CT_GET: 1, IPCTNL_MSG_CT_DELETE: 2 } as const;
export const CTA = { CTA_TUPLE_ORIG: 1, CTA_TUPLE_REPLY: 2, CTA_ZONE: 18, CTA_FILTER: 25 } as const;
export const CTA_TUPLE = { CTA_TUPLE_IP: 1, CTA_TUPLE_PROTO: 2 } as const;
export const CTA_IP_V4_SRC = 1;
export const CTA_PROTO_NUM = 1;
export const CTA_FILTER = { CTA_FILTER_ORIG_FLAGS: 1, CTA_FILTER_REPLY_FLAGS: 2 } as const;
