import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { tagStored } from "../../../../runtime/image/content/tag.ts";
import { loadImages } from "../../../../runtime/image/load/load.ts";
import { pushImage } from "../../../../runtime/image/push/push.ts";
import { parseReference } from "../../../../runtime/image/registry/reference.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { type Answering, trust } from "../../../rig/registry.ts";
import { ociLayout, written } from "../layers/saved.ts";
import { loading } from "../load/rig.ts";
import { layer } from "../pull/rig.ts";
import { place } from "../rig.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

interface Target {
  readonly host: string;
  /** METHOD PATH[?QUERY] of each request, digests left out. */
  readonly requests: string[];
  push(path: string): Promise<object>;
}

const SILENCE_MS = 1_000;

interface Storing {
  readonly stored?: number;
  /** How long it takes, in milliseconds. */
  readonly storing?: number;
  readonly put?: Answering;
}

/** A registry that has no blob, and takes all; the image `base` of it is here. */
async function target(t: TestContext, mount: Answer, options: Storing = {}): Promise<Target> {
  const { stored = 201, storing = 0, put = (_request, _response, next) => next() } = options;
  const here = await place(t);
  const scope = { after: (cleanup: () => Promise<void>) => t.after(cleanup) };
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(`http://x${request.url}`);
    requests.push(
      `${request.method} ${decodeURIComponent(request.url ?? "").replace(/sha256:[0-9a-f]{64}/, "DIGEST")}`,
    );
    if (url.searchParams.has("mount") || url.pathname === "/token") return mount(request, response, url);
    if (request.method === "HEAD") return void response.writeHead(404).end();
    if (request.method === "POST") return void response.writeHead(202, { location: "/upload?state=a%2Bb" }).end();
    put(request, response, () =>
      request.resume().on("end", () => setTimeout(() => response.writeHead(stored).end(), storing)),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const home = await temporaryDirectory(scope);
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, "config") };
  await trust(env.XDG_CONFIG_HOME, host, undefined);
  written(ociLayout({ layers: [layer({ name: "a", content: "1" })] }), here.outside);
  await loadImages(loading(here.root, here.outside, `${host}/base`));
  const signal = new AbortController().signal;
  const push = (path: string) => {
    if (path !== "base") tagStored(here.root, `${host}/base`, `${host}/${path}`);
    const reference = parseReference(`${host}/${path}`);
    return pushImage({
      root: here.root,
      reference,
      env,
      signal,
      progress: () => {},
      silence: SILENCE_MS,
      pauses: [1, 1, 1],
    });
  };
  return { host, requests, push };
}

const sorted = (requests: readonly string[]) => [...new Set(requests)].sort();
const sent = ["PUT /upload?state=a+b&digest=DIGEST", "PUT /v2/app/manifests/latest"];
const mounting = "POST /v2/app/blobs/uploads/?mount=DIGEST&from=base";

describe("a push", () => {
  it("takes any answer of success, as registries differ", async (t) => {
    for (const status of [200, 201, 204]) {
      const { push, requests } = await target(t, () => assert.fail(), { stored: status });
      await push("base");
      assert.ok(requests.includes("PUT /v2/base/manifests/latest"));
    }
  });

  it("waits longer for the answer to a blob, which the registry may have to store elsewhere first", async (t) => {
    const { push, requests } = await target(t, () => assert.fail(), { storing: 1.5 * SILENCE_MS });
    await assert.rejects(push("base"), { code: "registry-unreachable" });
    assert.equal(requests.filter((line) => line === sent[0]).length, 2, "a configuration and a layer, once each");
    assert.ok(requests.includes("PUT /v2/base/manifests/latest"));
  });

  it("sends all of a blob again where the registry wants a token when it comes to that", async (t) => {
    const { push, requests } = await target(t, (_, response) => response.writeHead(200).end('{"token":"right"}'), {
      put: (request, response, next) => {
        if (request.headers.authorization === "Bearer right") return next();
        const realm = `Bearer realm="http://${request.headers.host}/token",service="test"`;
        request.resume().on("end", () => response.writeHead(401, { "www-authenticate": realm }).end());
      },
    });
    await push("base");
    assert.equal(requests.filter((line) => line.startsWith("POST")).length, 2, requests.join("\n"));
  });

  it("sends a blob and a manifest again where the registry is busy or limits its requests, and says so in the end", async (t) => {
    const busy: Record<string, number[]> = { "/upload": [503, 429, 500], "/v2/base/manifests/latest": [429, 502] };
    const { push, requests } = await target(t, () => assert.fail(), {
      put: (request, response, next) => {
        const status = busy[request.url?.split("?", 1)[0] ?? ""]?.pop();
        if (status === undefined) return next();
        request.resume().on("end", () => response.writeHead(status, { "retry-after": "0" }).end());
      },
    });
    await push("base");
    assert.equal(requests.filter((line) => line.startsWith("PUT")).length, 3 + 5);
    busy["/upload"] = Array.from({ length: 20 }, () => 503);
    await assert.rejects(push("base"), { code: "registry-failed", message: /answers 503$/ });
  });

  it("sends nothing that the registry has in the repository of an image that is here", async (t) => {
    const { push, requests } = await target(t, (_, response) => response.writeHead(201, { location: "/b" }).end());
    await push("app");
    assert.deepEqual(sorted(requests), ["HEAD /v2/app/blobs/DIGEST", mounting, ...sent.slice(1)].sort());
  });

  it("sends what the registry does not give from there, or refuses to", async (t) => {
    const answers: Answer[] = [
      (_, response) => response.writeHead(202, { location: "/upload?state=a%2Bb" }).end(),
      (_, response) => response.writeHead(403).end(),
    ];
    for (const answer of answers) {
      const { push, requests } = await target(t, answer);
      await push("app");
      assert.deepEqual(
        sorted(requests).filter((line) => line.startsWith("PUT")),
        sent,
      );
    }
  });

  it("asks for a token of both repositories, and goes on without where there is none", async (t) => {
    for (const status of [200, 403]) {
      const scopes: string[][] = [];
      const { push, requests } = await target(t, (request, response, url) => {
        if (url.pathname === "/token") {
          scopes.push(url.searchParams.getAll("scope"));
          response.writeHead(status).end('{"token":"right"}');
        } else if (request.headers.authorization === "Bearer right") response.writeHead(201, { location: "/b" }).end();
        else {
          const realm = `Bearer realm="http://${request.headers.host}/token",service="test"`;
          response.writeHead(401, { "www-authenticate": realm }).end();
        }
      });
      await push("app");
      assert.deepEqual(scopes[0], ["repository:app:pull,push", "repository:base:pull"]);
      assert.equal(requests.includes(sent[0] ?? ""), status === 403);
    }
  });
});
