import { Failure } from "../../failure.ts";
import type { Descriptor } from "../manifest/kinds.ts";
import { refusal } from "./refusal.ts";
import { ask, askUrl, type Repository } from "./repository.ts";

/** How often a blob is sent. */
const TRIES_MAX = 3;

/**
 * Sends a blob that the repository does not have. Returns false if it has it. Throws Failure. `content`: its bytes, from the
 * first on each time. `what`: "can't push NAME".
 */
export async function uploadBlob(
  repository: Repository,
  { digest, size }: Descriptor,
  content: () => AsyncIterable<Uint8Array>,
  what: string,
): Promise<boolean> {
  const there = await ask(repository, `blobs/${digest}`, { method: "HEAD" });
  there.discard();
  if (there.status === 200) return false;
  for (let tries = 1; ; tries += 1) {
    try {
      await send(repository, digest, size, content(), what);
      return true;
    } catch (error) {
      const mayPass = error instanceof Failure && error.code === "registry-unreachable";
      if (!mayPass || tries === TRIES_MAX) throw error;
    }
  }
}

/** The distribution-spec's "POST then PUT". */
async function send(
  repository: Repository,
  digest: string,
  size: number,
  body: AsyncIterable<Uint8Array>,
  what: string,
): Promise<void> {
  const begun = await ask(repository, "blobs/uploads/", { method: "POST", headers: { "content-length": "0" } });
  const { location } = begun.headers;
  if (begun.status !== 202 || location === undefined) throw await refusal(repository.web, what, begun);
  begun.discard();
  if (!URL.canParse(location, begun.url.href))
    throw new Failure(`${what}: ${begun.url.host} answers ${JSON.stringify(location)} as the place of an upload`, {
      code: "registry-failed",
    });
  const to = new URL(location, begun.url);
  to.searchParams.set("digest", digest);
  const headers = { "content-type": "application/octet-stream", "content-length": String(size) };
  const sent = await askUrl(repository, to, { method: "PUT", headers, body });
  if (sent.status !== 201) throw await refusal(repository.web, what, sent);
  sent.discard();
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
  if (answer.status !== 201) throw await refusal(repository.web, what, answer);
  answer.discard();
}
