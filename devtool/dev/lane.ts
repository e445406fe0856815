import { setTimeout as delay } from "node:timers/promises";
import type { Stamp } from "../build/compile.ts";
import { ConnectionLost, Failure, type FailureCode, onTarget } from "../failure.ts";
import { type Report, reportOf } from "../report/events.ts";
import type { Connection, HostFacts, Target } from "../targets/target.ts";
import { mirrorPath } from "./mirror.ts";

/** A connection, and what is known of the mirror behind it. */
export interface Link {
  /** The target's name. */
  readonly where: string;
  readonly connection: Connection;
  readonly facts: HostFacts;
  readonly mirror: string;
  /** Whether the mirror was compared with the whole project over this connection. */
  isCompared: boolean;
  /** What was compiled there last; undefined until it was asked. */
  stamp: Stamp | undefined;
  /** Whether native sources went there since. */
  isUncompiled: boolean;
}

/** @throws Failure */
export async function openLink(target: Target, root: string, report: Report, signal: AbortSignal): Promise<Link> {
  return await onTarget(target.name, open(target, root, reportOf(report, { target: target.name }), signal));
}

async function open(target: Target, root: string, report: Report, signal: AbortSignal): Promise<Link> {
  const started = performance.now();
  report({ event: "stage", stage: "connect" });
  const connection = await target.connect(signal);
  try {
    const facts = await connection.facts();
    signal.throwIfAborted();
    const { platform, arch, libc, node, user } = facts;
    const milliseconds = performance.now() - started;
    report({
      event: "connected",
      kind: target.kind,
      platform,
      arch,
      libc,
      node,
      user,
      milliseconds,
    });
    const mirror = mirrorPath(facts.home, root);
    return { where: target.name, connection, facts, mirror, isCompared: false, stamp: undefined, isUncompiled: true };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 5_000;

export interface Links {
  /** The one there is; after a loss the next, once it is there. */
  current(): Promise<Link>;
  /** Gives the present one up. */
  drop(why: ConnectionLost): void;
  /** Settles with close(), or rejects when no connection can be had any more. */
  readonly over: Promise<void>;
  close(): Promise<void>;
}

/** Opens a link and, each time it is lost, the next one; `onReconnected` tells of that. The first must succeed. */
export function keepLinked(
  open: (signal: AbortSignal) => Promise<Link>,
  report: Report,
  onReconnected: () => void,
): Links {
  const closing = new AbortController();
  let link = open(closing.signal);
  let dropped: ConnectionLost | undefined;
  const keep = async () => {
    for (;;) {
      const { connection } = await link;
      const lost = await connection.closed;
      if (closing.signal.aborted) return;
      const why = lost ?? dropped ?? new ConnectionLost("the connection was closed");
      link = reconnect(open, why, report, closing.signal);
      await link;
      onReconnected();
    }
  };
  const over = keep().catch((error: unknown) => {
    if (!closing.signal.aborted) throw error;
  });
  over.catch(() => {}); // its user may look later
  return {
    current: () => link,
    drop: (why) => {
      dropped = why;
      link.then(({ connection }) => connection.close()).catch(() => {}); // keep() tells
    },
    over,
    close: async () => {
      closing.abort();
      const last = await link.catch(() => undefined);
      await last?.connection.close();
    },
  };
}

/**
 * Tries until it succeeds: a machine that boots refuses in many ways, and what a person must mend (a changed host key is
 * never accepted) can be mended while this waits. Each reason is told once.
 */
async function reconnect(
  open: (signal: AbortSignal) => Promise<Link>,
  lost: Error,
  report: Report,
  signal: AbortSignal,
): Promise<Link> {
  let why = lost;
  report({ event: "disconnected", code: codeOf(lost), message: why.message, remedy: null });
  for (let wait = RETRY_MS_MIN; ; wait = Math.min(wait * 2, RETRY_MS_MAX)) {
    await delay(wait, undefined, { signal });
    try {
      return await open(signal);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.message !== why.message) {
        const { code, message, remedy = null } = error;
        report({ event: "disconnected", code, message, remedy });
      }
      why = error;
    }
  }
}

function codeOf(lost: Error): FailureCode {
  return lost instanceof Failure ? lost.code : "connection-lost";
}
