import type { Socket } from "node:net";
import { resolve } from "node:path";
import type { FailureCode, FailureExit } from "../failure.ts";
import type { Event } from "../report/events.ts";
import type { LaunchRequest } from "../run/launch.ts";

/*
 * A line of JSON each: one request, then answers. After `started` both sides send what a client of the agent and the agent
 * do, of which the watch is one here.
 */

/** What `devtool run` asks of a watch. */
export interface RunRequest {
  /** Another devtool is not asked: what it would answer is not known. */
  readonly version: string;
  /** The configuration's file, absolute. */
  readonly config: string;
  /** As `--target` has it. */
  readonly target: string | null;
  readonly sshConfig: string | null;
  readonly acceptNewHostKey: boolean;
  /** CMD… */
  readonly words: readonly string[];
  readonly locale: Readonly<Record<string, string>>;
  readonly terminal: LaunchRequest["terminal"] | null;
  /** For how many milliseconds whoever asks has run. */
  readonly age: number;
}

/** By which options a target is reached: a watch that has others may reach another one. */
export type Way = Pick<RunRequest, "target" | "sshConfig" | "acceptNewHostKey">;

interface WayOptions {
  readonly target: string | undefined;
  readonly sshConfig: string | undefined;
  readonly acceptNewHostKey: boolean;
}

export function wayOf({ target, sshConfig, acceptNewHostKey }: WayOptions): Way {
  return { target: target ?? null, sshConfig: sshConfig === undefined ? null : resolve(sshConfig), acceptNewHostKey };
}

export type Answer =
  | { readonly kind: "event"; readonly event: Event; readonly target: string | null }
  /** It is another session's, or not connected: to be run without the watch. */
  | { readonly kind: "refused" }
  | { readonly kind: "failed"; readonly failure: WrittenFailure }
  | { readonly kind: "started"; readonly target: string };

interface WrittenFailure {
  readonly message: string;
  readonly code: FailureCode;
  readonly remedy: string | null;
  readonly exitCode: FailureExit;
  readonly target: string | null;
}

export function writeLine(socket: Socket, message: RunRequest | Answer): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

const LINE_BYTES_MAX = 1024 * 1024;
const NEWLINE = 0x0a;

/** The next message; what follows it stays in the socket. undefined once that has ended, or where it is none. */
export async function readLine(socket: Socket): Promise<unknown> {
  const chunks: Buffer[] = [];
  for (let length = 0; length < LINE_BYTES_MAX; ) {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) {
      if (!(await readable(socket))) return undefined;
      continue;
    }
    const end = chunk.indexOf(NEWLINE);
    chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
    length += chunk.length;
    if (end < 0) continue;
    if (end + 1 < chunk.length) socket.unshift(chunk.subarray(end + 1));
    return parse(Buffer.concat(chunks));
  }
  return undefined;
}

/** Whether more has come before its end. */
function readable(socket: Socket): Promise<boolean> {
  if (socket.readableEnded || socket.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of EVENTS) socket.off(event, settle);
      resolve(socket.readableLength > 0);
    };
    for (const event of EVENTS) socket.once(event, settle);
  });
}

const EVENTS = ["readable", "end", "close"];

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch {
    return undefined;
  }
}
