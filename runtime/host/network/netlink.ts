import { ERRNO } from "../../linux.ts";
import { type Message, messagesIn } from "../../network/netlink/message.ts";
import { PROTOCOL } from "../../network/netlink/numbers.ts";
import { errnoText } from "../errno.ts";
import type { Shim } from "../shim.ts";

/** Enough for the routes, or netfilter's chains, of a large machine. */
const REPLY_BYTES_MAX = 8 << 20;
const REPLY_BYTES_USUAL = 32 << 10;

// struct td_netlink_outcome of native/netlink.h.
const OUTCOME_BYTES = 256;
const BYTES_AT = 4;
const TEXT_AT = 8;

export type Answer =
  | { readonly messages: readonly Message[] }
  /** `message`: the index of the one that failed; `why`: in the kernel's words, if it has some. */
  | { readonly errno: number; readonly message: number; readonly why: string };

/** Sends the messages one after another, up to the first that fails, in this process's network namespace. */
export function exchange(shim: Shim, protocol: number, ...messages: readonly Uint8Array[]): Answer {
  const request = Buffer.concat(messages);
  const answer = ask(shim, protocol, request, REPLY_BYTES_USUAL);
  const tooLong = "errno" in answer && answer.errno === ERRNO.EMSGSIZE;
  return tooLong ? ask(shim, protocol, request, REPLY_BYTES_MAX) : answer;
}

/** Sends the messages as one transaction of netfilter's, all or none. Returns an errno of why not, or 0. */
export function transact(shim: Shim, messages: readonly Uint8Array[]): number {
  const fd = socketOf(shim, PROTOCOL.NETLINK_NETFILTER);
  if (fd < 0) return -fd;
  const errno = -shim.netlinkTransaction(fd, Buffer.concat(messages), Buffer.alloc(OUTCOME_BYTES));
  release(shim, PROTOCOL.NETLINK_NETFILTER, fd, errno);
  return errno;
}

/** Closing a socket of netfilter takes 5 to 20 ms after anything was deleted from a table: this one stays open. */
let netfilter: number | undefined;

function socketOf(shim: Shim, protocol: number): number {
  return (protocol === PROTOCOL.NETLINK_NETFILTER ? netfilter : undefined) ?? shim.netlinkOpen(protocol);
}

/** One on which a request failed may have more answers, and is not used again. */
function release(shim: Shim, protocol: number, fd: number, errno: number): void {
  const isKept = protocol === PROTOCOL.NETLINK_NETFILTER && errno === 0;
  if (isKept) netfilter = fd;
  else if (fd === netfilter) netfilter = undefined;
  if (!isKept) shim.close(fd);
}

function ask(shim: Shim, protocol: number, request: Uint8Array, room: number): Answer {
  const fd = socketOf(shim, protocol);
  if (fd < 0) return { errno: -fd, message: 0, why: errnoText(-fd) };
  const replies = new Uint8Array(room);
  const outcome = Buffer.alloc(OUTCOME_BYTES);
  const errno = -shim.netlink(fd, request, replies, outcome);
  release(shim, protocol, fd, errno);
  if (errno === 0) return { messages: messagesIn(replies.subarray(0, outcome.readUInt32LE(BYTES_AT))) };
  const text = outcome.toString("utf8", TEXT_AT, outcome.indexOf(0, TEXT_AT));
  return { errno, message: outcome.readUInt32LE(0), why: text === "" ? errnoText(errno) : text };
}
