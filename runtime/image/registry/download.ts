import { setTimeout as wait } from "node:timers/promises";
import { Failure } from "../../failure.ts";
import type { Descriptor } from "../manifest/kinds.ts";
import { broken } from "./find-image.ts";
import type { Answer } from "./http.ts";
import { refusal } from "./refusal.ts";
import { ask, type Repository } from "./repository.ts";
import { unreachable } from "./unreachable.ts";

/** How often a download may break off without a byte since the last time. */
const BREAKS_MAX = 4;

/**
 * The bytes of a blob from `start` to its size. A download that breaks off is continued where it stopped. Neither more nor
 * fewer bytes come; the digest is for the caller to check, who may have the first ones. `what`: "can't pull NAME".
 */
export async function* download(
  repository: Repository,
  blob: Descriptor,
  start: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  let at = start;
  for (let breaks = 0; at < blob.size; ) {
    const answer = await openAt(repository, blob, at, what);
    const begun = at;
    try {
      for await (const piece of answer.body) {
        at += piece.length;
        if (at > blob.size) throw broken(what, `${blob.digest} has more than the ${blob.size} bytes of its manifest`);
        yield piece;
      }
      if (at === blob.size) return;
    } catch (error) {
      repository.web.signal.throwIfAborted();
      if (error instanceof Failure || breaks === BREAKS_MAX)
        throw error instanceof Failure ? error : unreachable(answer.url, error);
    }
    breaks = at > begun ? 0 : breaks + 1;
    if (breaks > BREAKS_MAX) throw endsEarly(answer.url, blob, at, what);
    await wait(repository.web.pauses[breaks] ?? 0, undefined, { signal: repository.web.signal });
  }
}

function endsEarly({ host }: URL, { digest, size }: Descriptor, at: number, what: string): Failure {
  return new Failure(`${what}: ${host} ends ${digest} after ${at} of ${size} bytes`, {
    code: "registry-failed",
    remedy: "pull again: what has arrived is kept",
  });
}

/** An answer whose body begins at that byte. */
async function openAt(repository: Repository, { digest, size }: Descriptor, at: number, what: string): Promise<Answer> {
  const answer = await askFrom(repository, digest, at > 0 ? `bytes=${at}-${size - 1}` : undefined);
  if (answer.status === 206) return checkedRange(answer, digest, at, size, what);
  if (answer.status !== 200) throw await refusal(repository.web, what, answer, repository.endpoint.domain);
  const length = answer.headers["content-length"];
  if (length !== undefined && Number(length) !== size) {
    answer.discard();
    const why = /html/i.test(answer.headers["content-type"] ?? "")
      ? "answers a web page for"
      : `has ${length} bytes of`;
    throw broken(what, `${answer.url.host} ${why} ${digest}, whose manifest says ${size} bytes`);
  }
  // It does not know ranges: what is here already is read again.
  return at === 0 ? answer : { ...answer, body: withoutFirst(answer.body, at) };
}

async function askFrom(repository: Repository, digest: string, range: string | undefined): Promise<Answer> {
  const headers = { "accept-encoding": "identity", ...(range === undefined ? {} : { range }) };
  const answer = await ask(repository, `blobs/${digest}`, { headers });
  if (answer.status !== UNSATISFIABLE || range === undefined) return answer;
  // A cache that was cut short has no such range, and the whole all the same.
  answer.discard();
  return askFrom(repository, digest, undefined);
}

const UNSATISFIABLE = 416;

async function checkedRange(answer: Answer, digest: string, at: number, size: number, what: string): Promise<Answer> {
  const range = answer.headers["content-range"] ?? "";
  if (at > 0 && range.replaceAll(" ", "") === `bytes${at}-${size - 1}/${size}`) return answer;
  const [, first] = /^bytes (\d+)-/.exec(range) ?? [];
  if (at > 0 && Number(first) === at) return answer;
  answer.discard();
  throw new Failure(
    `${what}: ${answer.url.host} was asked for ${digest} from byte ${at}, and answers ${JSON.stringify(range)}`,
    {
      code: "registry-failed",
      remedy: "the registry, or a cache before it, is wrong about ranges",
    },
  );
}

async function* withoutFirst(body: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count;
  for await (const piece of body) {
    const skipped = Math.min(left, piece.length);
    left -= skipped;
    if (skipped < piece.length) yield piece.subarray(skipped);
  }
}
