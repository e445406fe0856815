import { Failure } from "../../failure.ts";
import { isListOf, isRecordOf, isText, parseWithoutNulls } from "../../shape.ts";
import { MANIFEST_BYTES_MAX } from "../manifest/kinds.ts";
import { firstThatHas } from "./first-that-has.ts";
import { textOf } from "./http.ts";
import type { Reference } from "./reference.ts";
import { refusal } from "./refusal.ts";
import { ask, openSession, type Repository, type SessionOptions } from "./repository.ts";

const isTagList = isRecordOf({}, { tags: isListOf(isText) });
const TAGS_MAX = 100_000;

/** All tags that a repository has in its registry. `what`: "can't pull NAME". Throws Failure where there is none, or the signal's reason. */
export async function listTags(
  reference: Reference,
  options: Omit<SessionOptions, "actions">,
  what: string,
): Promise<readonly string[]> {
  const session = await openSession(reference, { ...options, actions: "pull" });
  try {
    return await firstThatHas(session.repositories, (repository) => tagsOf(repository, what));
  } catch (error) {
    options.signal.throwIfAborted();
    throw error;
  } finally {
    session.close();
  }
}

async function tagsOf(repository: Repository, what: string): Promise<readonly string[]> {
  const tags = new Set<string>();
  for (let query: string | undefined = ""; query !== undefined; ) {
    const answer = await ask(repository, `tags/list${query}`);
    const { host } = answer.url;
    if (answer.status !== 200) throw await refusal(repository.web, what, answer, repository.endpoint.domain);
    const page = parseWithoutNulls((await textOf(repository.web, answer, MANIFEST_BYTES_MAX)).toString("utf8"));
    if (!isTagList(page)) throw failed(`${what}: ${host} answers what is not a list of tags`);
    const before = tags.size;
    for (const tag of page.tags ?? []) tags.add(tag);
    if (tags.size > TAGS_MAX) throw failed(`${what}: ${host} lists more than ${TAGS_MAX.toLocaleString("en")} tags`);
    // Pages that go round in a circle add none.
    query = tags.size > before ? nextQuery(answer.headers["link"], answer.url) : undefined;
  }
  if (tags.size > 0) return [...tags];
  throw new Failure(`${what}: its registry has no tag of it`, { code: "image-not-found", remedy: "check the name" });
}

/** The distribution-spec's way to the next page: <URL>; rel="next". Of the same list, whatever else the URL says. */
function nextQuery(link: string | string[] | undefined, url: URL): string | undefined {
  const [, next] = /<([^>]*)>\s*;[^,]*\brel="?next\b/.exec([link ?? ""].flat().join(", ")) ?? [];
  return next !== undefined && URL.canParse(next, url.href) ? new URL(next, url).search || undefined : undefined;
}

function failed(message: string): Failure {
  return new Failure(message, { code: "registry-failed" });
}
