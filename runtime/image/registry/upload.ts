import { Failure } from "../../failure.ts";
import type { Descriptor } from "../manifest/kinds.ts";
import type { Answer } from "./http.ts";
import { refusal } from "./refusal.ts";
import { ask, askUrl, type Repository } from "./repository.ts";

/** How often a blob is sent. */
const TRIES_MAX = 3;

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
  const { digest } = upload.blob;
  const there = await ask(repository, `blobs/${digest}`, { method: "HEAD" });
  there.discard();
  if (there.status === 200) return false;
  for (let tries = 1; ; tries += 1) {
    try {
      return await send(repository, upload, what);
    } catch (error) {
      const mayPass = error instanceof Failure && error.code === "registry-unreachable";
      if (!mayPass || tries === TRIES_MAX) throw error;
    }
  }
}

/** The distribution-spec's "POST then PUT". Returns false where the first was enough. */
async function send(repository: Repository, { blob, content, from }: Upload, what: string): Promise<boolean> {
  const { digest, size } = blob;
  const begun = (from !== undefined && (await mount(repository, digest, from))) || (await begin(repository));
  const { location } = begun.headers;
  if (begun.status !== MOUNTED && (!isSuccess(begun) || location === undefined))
    throw await refusal(repository.web, what, begun);
  begun.discard();
  if (begun.status === MOUNTED || location === undefined) return false;
  if (!URL.canParse(location, begun.url.href))
    throw new Failure(`${what}: ${begun.url.host} answers ${JSON.stringify(location)} as the place of an upload`, {
      code: "registry-failed",
    });
  const to = new URL(location, begun.url);
  to.searchParams.set("digest", digest);
  const headers = { "content-type": "application/octet-stream", "content-length": String(size) };
  const sent = await askUrl(repository, to, { method: "PUT", headers, body: content() });
  if (!isSuccess(sent)) throw await refusal(repository.web, what, sent);
  sent.discard();
  return true;
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
  if (!isSuccess(answer)) throw await refusal(repository.web, what, answer);
  answer.discard();
}
