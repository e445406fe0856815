import { once } from "node:events";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { Failure } from "../../failure.ts";
import { BadImage } from "../archive/entry.ts";
import type { Connections } from "./connection.ts";
import { retryAfter } from "./retry-after.ts";
import { isPassing, unreachable } from "./unreachable.ts";

/** How requests are made, the same for all of one pull or push. */
export interface Web {
  readonly connections: Connections;
  readonly signal: AbortSignal;
  /** How long a registry may say nothing, in milliseconds. */
  readonly silence: number;
  /** How long to wait before each further try, in milliseconds. */
  readonly pauses: readonly number[];
}

export const SILENCE_MS = 30_000;
export const PAUSES_MS = [250, 1_000, 3_000];

export interface Ask {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  readonly headers?: Readonly<Record<string, string>>;
  /** A function gives all of it each time. */
  readonly body?: Uint8Array | (() => AsyncIterable<Uint8Array>);
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** After redirects. */
  readonly url: URL;
  /** Throws when the registry says nothing for too long, or ends it in the middle. Must be read, or discarded. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): void;
}

const REDIRECTS_MAX = 10;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** The registry or a proxy of it is overloaded or restarts. */
const PASSING = new Set([408, 500, 502, 503, 504]);
const LIMITED = 429;
/** A registry that asks for more is not waited for. */
const RETRY_AFTER_MS_MAX = 30_000;

/** Follows redirects; tries again where the failure may pass. Throws Failure where no answer comes. */
export async function send(web: Web, url: URL, ask: Ask = {}): Promise<Answer> {
  // The place of an upload may be gone after the first time.
  const canRepeat = typeof ask.body !== "function";
  for (let tries = 0; ; tries += 1) {
    let pause = canRepeat ? web.pauses[tries] : undefined;
    try {
      const answer = await followed(web, url, ask);
      pause = pause === undefined ? undefined : pauseAfter(answer, pause);
      if (pause === undefined) return answer;
      answer.discard();
    } catch (error) {
      web.signal.throwIfAborted();
      if (error instanceof Failure) throw error;
      if (pause === undefined || !isPassing(error)) throw unreachable(url, error);
    }
    await wait(pause, undefined, { signal: web.signal });
  }
}

/** How long to wait before a further try; undefined: the answer counts. A limit of requests passes where the registry says that it soon does. */
export function pauseAfter({ status, headers }: Answer, pause: number): number | undefined {
  const asked = retryAfter(headers);
  const isSoon = asked !== undefined && asked <= RETRY_AFTER_MS_MAX;
  if (!PASSING.has(status) && !(status === LIMITED && isSoon)) return undefined;
  return isSoon ? Math.max(asked, pause) : pause;
}

async function followed(web: Web, from: URL, ask: Ask): Promise<Answer> {
  const canFollow = ask.body === undefined;
  let url = from;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await sendOnce(web, url, url.host === from.host ? ask : withoutAuthorization(ask));
    const { location } = answer.headers;
    if (!canFollow || !REDIRECTS.has(answer.status) || location === undefined) return answer;
    answer.discard();
    if (redirects === REDIRECTS_MAX)
      throw new Failure(`${from.host} redirects more than ${REDIRECTS_MAX} times, last to ${url.host}`, {
        code: "registry-failed",
      });
    url = redirected(url, location);
  }
}

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const isDowngrade = from.protocol === "https:" && to?.protocol !== "https:";
  if (to && /^https?:$/.test(to.protocol) && !isDowngrade) return to;
  const where = to ? `to ${to.protocol}//${to.host}, which is not encrypted` : "to what is not a URL";
  throw new Failure(`${from.host} redirects ${where}`, { code: "registry-failed" });
}

/** It is for the registry, not for the storage that it redirects to. */
function withoutAuthorization({ headers = {}, ...ask }: Ask): Ask {
  return { ...ask, headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "authorization")) };
}

async function sendOnce(web: Web, url: URL, { method = "GET", headers = {}, body }: Ask): Promise<Answer> {
  web.signal.throwIfAborted();
  const sent = body instanceof Uint8Array ? { ...headers, "content-length": String(body.length) } : headers;
  const request = await web.connections.open(url, { method, headers: { "user-agent": "tinydocker", ...sent } });
  const abort = () => request.destroy(web.signal.reason);
  web.signal.addEventListener("abort", abort, { once: true });
  if (web.signal.aborted) abort();
  const limited = (milliseconds: number) => setTimeout(() => request.destroy(new Silence(milliseconds)), milliseconds);
  let silent = limited(web.silence);
  // Also after the answer has begun, when nobody else listens.
  request.on("error", () => {});
  try {
    const answered = once(request, "response") as Promise<[IncomingMessage]>;
    if (typeof body !== "function") request.end(body);
    else {
      await Promise.race([answered, pour(body(), request, silent)]);
      clearTimeout(silent);
      silent = limited(STORING * web.silence);
    }
    const [response] = await answered;
    const status = response.statusCode ?? 0;
    return {
      status,
      headers: response.headers,
      url,
      body: bodyOf(web, response, abort),
      discard: () => discard(web, request, response, abort),
    };
  } catch (error) {
    web.signal.removeEventListener("abort", abort);
    throw error;
  } finally {
    clearTimeout(silent);
  }
}

/** How much longer than otherwise a registry may take to store what it has got before it answers. */
const STORING = 10;

async function pour(
  body: AsyncIterable<Uint8Array>,
  request: NodeJS.WritableStream,
  silent: NodeJS.Timeout,
): Promise<void> {
  for await (const piece of body) {
    if (!request.write(piece)) await once(request, "drain");
    silent.refresh();
  }
  request.end();
}

/** It says nothing for too long. */
export class Silence extends Error {
  constructor(milliseconds: number) {
    super(`it says nothing for ${milliseconds / 1_000} s`);
  }
}

/** A short body is read, so that the connection can be used again. */
const DISCARDED_BYTES_MAX = 64 * 1_024;

function discard(web: Web, request: ClientRequest, response: IncomingMessage, abort: () => void): void {
  web.signal.removeEventListener("abort", abort);
  if (!request.writableEnded) request.destroy(new Error("it has answered before it had all"));
  else if (Number(response.headers["content-length"] ?? Number.NaN) <= DISCARDED_BYTES_MAX) response.resume();
  else response.destroy();
}

async function* bodyOf(web: Web, response: IncomingMessage, abort: () => void): AsyncGenerator<Uint8Array> {
  const pieces: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
  try {
    for (;;) {
      const timer = setTimeout(() => response.destroy(new Silence(web.silence)), web.silence);
      const { value, done } = await pieces.next().finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    web.signal.removeEventListener("abort", abort);
    if (!response.complete) response.destroy();
  }
}

/** All of a body that must be short. Throws Failure. */
export async function textOf(web: Web, answer: Answer, bytesMax: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const piece of answer.body) {
      length += piece.length;
      if (length > bytesMax) throw new BadImage(`its answer is over ${bytesMax / 1_024 ** 2} MiB`);
      pieces.push(piece);
    }
  } catch (error) {
    web.signal.throwIfAborted();
    throw error instanceof BadImage ? tooLong(answer.url, error) : unreachable(answer.url, error);
  }
  return Buffer.concat(pieces);
}

function tooLong({ host }: URL, { message }: BadImage): Failure {
  return new Failure(`${host}: ${message}`, { code: "registry-failed" });
}
