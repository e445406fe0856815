import { ERRNO } from "../../linux.ts";
import { type Message, messagesIn } from "../../network/netlink/message.ts";
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

function ask(shim: Shim, protocol: number, request: Uint8Array, room: number): Answer {
  const fd = shim.netlinkOpen(protocol);
  if (fd < 0) return { errno: -fd, message: 0, why: errnoText(-fd) };
  const replies = new Uint8Array(room);
  const outcome = Buffer.alloc(OUTCOME_BYTES);
  const errno = -shim.netlink(fd, request, replies, outcome);
  shim.close(fd);
  if (errno === 0) return { messages: messagesIn(replies.subarray(0, outcome.readUInt32LE(BYTES_AT))) };
  const text = outcome.toString("utf8", TEXT_AT, outcome.indexOf(0, TEXT_AT));
  return { errno, message: outcome.readUInt32LE(0), why: text === "" ? errnoText(errno) : text };
}
