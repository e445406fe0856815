import { setTimeout as wait } from "node:timers/promises";
import { Failure } from "../../failure.ts";
import type { Descriptor } from "../manifest/kinds.ts";
import { type Answer, pauseAfter } from "./http.ts";
import { refusal } from "./refusal.ts";
import { ask, askUrl, type Repository } from "./repository.ts";

export interface Upload {
  readonly blob: Descriptor;
  /** Its bytes, from the first on each time. */
  readonly content: () => AsyncIterable<Uint8Array>;
  /** Another repository of the registry, which may have it. */
  readonly from: string | undefined;
}

/**
 * Sends a blob that the repository does not have, unless it can be had from another one. Returns false if it was not sent.
 * Throws Failure. `what`: "can't push NAME".
 */
export async function uploadBlob(repository: Repository, upload: Upload, what: string): Promise<boolean> {
  const { web } = repository;
  const there = await ask(repository, `blobs/${upload.blob.digest}`, { method: "HEAD" });
  there.discard();
  if (there.status === 200) return false;
  for (const pause of web.pauses) {
    const again = await tried(repository, upload, what, pause);
    if (typeof again === "boolean") return again;
    await wait(again, undefined, { signal: web.signal });
  }
  const sent = await send(repository, upload, what);
  if (sent && !isSuccess(sent)) throw await refusal(web, what, sent, repository.endpoint.domain);
  sent?.discard();
  return sent !== undefined;
}

/** Returns how long to wait before a further try where it failed and may succeed then. */
async function tried(repository: Repository, upload: Upload, what: string, pause: number): Promise<boolean | number> {
  try {
    const sent = await send(repository, upload, what);
    const again = sent && pauseAfter(sent, pause);
    if (sent && again === undefined && !isSuccess(sent))
      throw await refusal(repository.web, what, sent, repository.endpoint.domain);
    sent?.discard();
    return again ?? sent !== undefined;
  } catch (error) {
    if (error instanceof Failure && error.code === "registry-unreachable") return pause;
    throw error;
  }
}

/** The distribution-spec's "POST then PUT". Undefined: the first was enough. */
async function send(
  repository: Repository,
  { blob, content, from }: Upload,
  what: string,
): Promise<Answer | undefined> {
  const { digest, size } = blob;
  const begun = (from !== undefined && (await mount(repository, digest, from))) || (await begin(repository));
  const { location } = begun.headers;
  if (begun.status !== MOUNTED && (!isSuccess(begun) || location === undefined))
    throw await refusal(repository.web, what, begun, repository.endpoint.domain);
  begun.discard();
  if (begun.status === MOUNTED || location === undefined) return undefined;
  if (!URL.canParse(location, begun.url.href))
    throw new Failure(`${what}: ${begun.url.host} answers ${JSON.stringify(location)} as the place of an upload`, {
      code: "registry-failed",
    });
  const to = new URL(location, begun.url);
  to.searchParams.set("digest", digest);
  const headers = { "content-type": "application/octet-stream", "content-length": String(size) };
  return askUrl(repository, to, { method: "PUT", headers, body: content });
}

const MOUNTED = 201;

function begin(repository: Repository, query = ""): Promise<Answer> {
  return ask(repository, `blobs/uploads/${query}`, { method: "POST", headers: { "content-length": "0" } });
}

/** Undefined where the registry refuses: then it is as if the other repository did not have it. */
async function mount(repository: Repository, digest: string, from: string): Promise<Answer | undefined> {
  const asking = { ...repository, from };
  try {
    const answer = await begin(asking, `?${new URLSearchParams({ mount: digest, from })}`);
    if (isSuccess(answer)) {
      repository.authorization = asking.authorization;
      return answer;
    }
    answer.discard();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  return undefined;
}

/** Registries differ in which of them they answer. */
function isSuccess({ status }: Answer): boolean {
  return status >= 200 && status < 300;
}

/** `name`: a tag, or the manifest's digest. */
export async function uploadManifest(
  repository: Repository,
  name: string,
  { mediaType }: Descriptor,
  bytes: Uint8Array,
  what: string,
): Promise<void> {
  const answer = await ask(repository, `manifests/${name}`, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body: bytes,
  });
  if (!isSuccess(answer)) throw await refusal(repository.web, what, answer, repository.endpoint.domain);
  answer.discard();
}
