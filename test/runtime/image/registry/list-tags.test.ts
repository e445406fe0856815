import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { listTags } from "../../../../runtime/image/registry/list-tags.ts";
import { parseReference } from "../../../../runtime/image/registry/reference.ts";
import { faultyRegistry } from "../../../rig/registry.ts";
import { ociLayout } from "../layers/saved.ts";

/** Each page by its query: its body, and the Link to the next one. */
type Pages = Readonly<Record<string, readonly [body: string, link?: string]>>;

async function tagsIn(t: TestContext, pages: Pages): Promise<readonly string[]> {
  const scope = { after: (cleanup: () => Promise<void>) => t.after(cleanup) };
  const registry = await faultyRegistry(scope, ociLayout({ layers: [] }), (request, response, next) => {
    const [path, query = ""] = (request.url ?? "").split("?");
    const [body, link] = (path === "/v2/a/b/tags/list" && pages[query]) || [];
    if (body === undefined) return next();
    response.writeHead(200, link === undefined ? {} : { link }).end(body);
  });
  const options = { env: registry.env, signal: new AbortController().signal, pauses: [1] };
  return listTags(parseReference(`${registry.host}/a/b`), options, "can't pull a/b");
}

describe("the tags of a repository", () => {
  it("are those of all pages, each once", async (t) => {
    const tags = await tagsIn(t, {
      "": ['{"tags":["1","2"]}', '<https://elsewhere.example/v2/x/tags/list?last=2&n=2>; rel="next"'],
      "last=2&n=2": ['{"name":"a/b","tags":["2","3"]}', "</v2/a/b/tags/list?last=3>; rel=next"],
      "last=3": ['{"tags":["4"]}', '</v2/a/b/tags/list>; rel="prev"'],
    });
    assert.deepEqual(tags, ["1", "2", "3", "4"]);
  });

  it("have an end where the pages go round in a circle", async (t) => {
    const link = '</v2/a/b/tags/list?n=1>; rel="next"';
    assert.deepEqual(await tagsIn(t, { "": ['{"tags":["1"]}', link], "n=1": ['{"tags":["1"]}', link] }), ["1"]);
  });

  for (const [body, message] of [
    ['{"tags":null}', /^can't pull a\/b: its registry has no tag of it$/],
    ["<html>", /^can't pull a\/b: 127\.0\.0\.1:\d+ answers what is not a list of tags$/],
    [
      JSON.stringify({ tags: Array.from({ length: 100_001 }, (_, i) => String(i)) }),
      /^can't pull a\/b: 127\.0\.0\.1:\d+ lists more than 100,000 tags$/,
    ],
  ] as const)
    it(`are none of ${body.slice(0, 20)}`, (t) => assert.rejects(tagsIn(t, { "": [body] }), { message }));

  it("of a repository that the registry does not have are refused in its words", (t) =>
    assert.rejects(tagsIn(t, {}), { code: "image-not-found", message: /answers 404: manifest unknown/ }));
});
