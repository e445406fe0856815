import { bytesOf, parseAddress } from "../address.ts";
import { attribute, attributesIn, dump, type Message, nested, numberAttribute, request } from "./message.ts";
import { subsystemHeader } from "./netfilter.ts";
import {
  AF,
  CTA,
  CTA_FILTER,
  CTA_IP_V4_SRC,
  CTA_PROTO_NUM,
  CTA_TUPLE,
  IPCTNL_MSG_CT,
  NFNL_SUBSYS_CTNETLINK,
} from "./numbers.ts";

const HEADER = subsystemHeader(AF.AF_INET);
/** netinet/in.h */
const IPPROTO_UDP = 17;
/** nf_internals.h of the kernel's netfilter: which fields of a tuple have to be equal. */
const SOURCE_ADDRESS = 1 << 0;
const PROTOCOL_NUMBER = 1 << 3;

/** The flows of UDP that the kernel keeps and an address answers. */
export function getFlows(ipv4: string): Uint8Array {
  const address = parseAddress(ipv4, 4);
  return dump(
    messageType(IPCTNL_MSG_CT.IPCTNL_MSG_CT_GET),
    HEADER,
    nested(
      CTA.CTA_TUPLE_REPLY,
      nested(CTA_TUPLE.CTA_TUPLE_IP, attribute(CTA_IP_V4_SRC, address ? bytesOf(address) : [])),
      nested(CTA_TUPLE.CTA_TUPLE_PROTO, attribute(CTA_PROTO_NUM, [IPPROTO_UDP])),
    ),
    nested(
      CTA.CTA_FILTER,
      numberAttribute(CTA_FILTER.CTA_FILTER_ORIG_FLAGS, 0),
      numberAttribute(CTA_FILTER.CTA_FILTER_REPLY_FLAGS, SOURCE_ADDRESS | PROTOCOL_NUMBER),
    ),
  );
}

/** Removes a flow that getFlows was answered with. */
export function deleteFlow({ body }: Message): Uint8Array {
  const attributes = attributesIn(body, HEADER.length);
  const same = [CTA.CTA_TUPLE_ORIG, CTA.CTA_ZONE].flatMap((type) => {
    const value = attributes.get(type);
    return value ? [type === CTA.CTA_ZONE ? attribute(type, value) : nested(type, value)] : [];
  });
  return request(messageType(IPCTNL_MSG_CT.IPCTNL_MSG_CT_DELETE), 0, HEADER, ...same);
}

function messageType(message: number): number {
  return (NFNL_SUBSYS_CTNETLINK << 8) | message;
}
