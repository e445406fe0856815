import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { allNames } from "../../../../runtime/image/content/names.ts";
import { downloadPath } from "../../../../runtime/image/content/places.ts";
import { findStored } from "../../../../runtime/image/content/stored-image.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../../../runtime/image/manifest/kinds.ts";
import { resolveImage } from "../../../../runtime/image/resolve.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { faultyRegistry, registryLacks, startRegistry } from "../../../rig/registry.ts";
import { tinydocker } from "../../../rig/tinydocker.ts";
import { ARCHITECTURE, add, json, ociLayout, written } from "../layers/saved.ts";
import { place } from "../rig.ts";
import { layer, pull, recorder, stored } from "./rig.ts";

const BASE = layer(
  { name: "bin/", type: "5", mode: 0o755 },
  { name: "bin/sh", content: "#!", mode: 0o755 },
  { name: "d/", type: "5", mode: 0o700 },
  { name: "d/lower", content: "1" },
  { name: "gone", content: "2" },
);
const UPPER = layer(
  { name: ".wh.gone" },
  { name: "d/", type: "5", mode: 0o755 },
  // Needless beside what hides all: overlayfs would list it.
  { name: "d/.wh.lower" },
  { name: "d/.wh..wh..opq" },
  { name: "d/new", content: "3" },
);
const CONFIG = { Env: ["A=b"], Cmd: ["/bin/sh"], WorkingDir: "/d" };
const FILES = ociLayout({ layers: [BASE, UPPER], compress: gzipSync, config: CONFIG });
const noise = (seed: string, blocks: number) =>
  Buffer.concat(
    Array.from({ length: blocks }, (_, i) =>
      createHash("sha512")
        .update(seed + i)
        .digest(),
    ),
  );

const scoped = (t: TestContext) => ({ after: (cleanup: () => Promise<void>) => t.after(cleanup) });
const layout = async (t: TestContext, files = FILES) => {
  const directory = join(await temporaryDirectory(scoped(t)), "layout");
  written(files, directory);
  return directory;
};

describe("a pull from docker-registry", () => {
  it("stores each layer as overlayfs stacks it, under its name and by its digest", async (t) => {
    if (!needs(t, registryLacks())) return;
    const here = await place(t);
    const registry = await startRegistry(scoped(t));
    await registry.push(await layout(t), "some/image:v1");
    const seen = recorder();
    const { manifest, upToDate } = await pull(here.root, registry, "some/image:v1", seen);
    assert.equal(upToDate, false);
    assert.deepEqual(seen.states(), ["downloading", "unpacking", "done"]);
    const image = await resolveImage(here.root, `${registry.host}/some/image:v1`);
    assert.deepEqual(image.config, CONFIG);
    const [upper = "", base = ""] = image.layers;
    assert.equal(lstatSync(`${upper}/gone`).isCharacterDevice(), process.geteuid?.() === 0);
    assert.equal(lstatSync(`${upper}/gone`).rdev, 0);
    assert.deepEqual(readdirSync(`${upper}/d`), ["new"]);
    assert.equal(readFileSync(`${base}/d/lower`, "utf8"), "1");
    const again = recorder();
    assert.equal((await pull(here.root, registry, "some/image:v1", again)).upToDate, true);
    assert.deepEqual(again.states(), ["present"]);
    const byDigest = await pull(here.root, registry, `some/image@${manifest.digest}`);
    assert.deepEqual(byDigest.manifest, manifest);
  });

  it("needs its authority's certificate, and the credentials that it asks for", async (t) => {
    if (!needs(t, registryLacks())) return;
    const here = await place(t);
    const registry = await startRegistry(scoped(t), { tls: true, login: "me:secret" });
    await registry.push(await layout(t), "image");
    const { host, env } = registry;
    const untrusting = { ...env, XDG_CONFIG_HOME: join(registry.directory, "other") };
    await assert.rejects(pull(here.root, { host, env: untrusting }), {
      code: "registry-unreachable",
      remedy: `put the certificate of its authority into /etc/docker/certs.d/${host}/ca.crt`,
    });
    await assert.rejects(pull(here.root, registry), {
      code: "registry-denied",
      message: /answers 401: authentication required/,
    });
    const login = (password: string) => {
      mkdirSync(join(registry.directory, ".docker"), { recursive: true });
      const auth = Buffer.from(`me:${password}`).toString("base64");
      writeFileSync(join(registry.directory, ".docker/config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
    };
    login("wrong");
    await assert.rejects(pull(here.root, registry), (error: Error) => !error.message.includes("wrong"));
    login("secret");
    assert.equal((await pull(here.root, registry)).upToDate, false);
  });
});

describe("a pull", () => {
  it("gets a token where the registry asks for one, and sends it and the password nowhere else", async (t) => {
    const here = await place(t);
    const elsewhere: (string | undefined)[] = [];
    const storage = createServer((request, response) => {
      elsewhere.push(request.headers.authorization);
      response.end(
        FILES[
          `blobs/${decodeURIComponent(request.url ?? "")
            .slice(1)
            .replace(":", "/")}`
        ],
      );
    }).listen(0, "127.0.0.1");
    await once(storage, "listening");
    t.after(() => storage.close());
    const storageUrl = `http://127.0.0.1:${(storage.address() as AddressInfo).port}`;
    const registry = await faultyRegistry(scoped(t), FILES, (request, response, next) => {
      const { pathname, searchParams } = new URL(`http://x${request.url}`);
      if (pathname === "/token") {
        const isMe = request.headers.authorization === `Basic ${Buffer.from("me:secret").toString("base64")}`;
        const isAsked = searchParams.get("scope") === "repository:image:pull" && searchParams.get("service") === "test";
        response.end(JSON.stringify({ token: isMe && isAsked ? "right" : "wrong" }));
      } else if (request.headers.authorization !== "Bearer right") {
        const realm = `Bearer realm="http://${request.headers.host}/token",service="test",scope="repository:image:pull"`;
        response.writeHead(401, { "www-authenticate": realm });
        response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      } else if (pathname.includes("/blobs/")) {
        response.writeHead(307, { location: `${storageUrl}/${pathname.split("/").pop()}` });
        response.end();
      } else next();
    });
    await assert.rejects(pull(here.root, registry), { code: "registry-denied" });
    const auth = { auths: { [registry.host]: { username: "me", password: "secret" } } };
    const file = join(here.outside, "auth.json");
    writeFileSync(file, JSON.stringify(auth));
    await pull(here.root, { host: registry.host, env: { ...registry.env, REGISTRY_AUTH_FILE: file } });
    assert.deepEqual(elsewhere, [undefined, undefined, undefined]);
  });

  it("that a server of tokens elsewhere refuses names the registry to log in to", async (t) => {
    const here = await place(t);
    const tokens = createServer((_, response) => response.writeHead(401).end('{"details":"incorrect password"}'));
    await once(tokens.listen(0, "127.0.0.1"), "listening");
    t.after(() => tokens.close());
    const realm = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`;
    const registry = await faultyRegistry(scoped(t), FILES, (_, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
    });
    await assert.rejects(pull(here.root, registry), {
      message: `can't log in to ${registry.host}: ${new URL(realm).host} answers 401: incorrect password`,
      remedy: `check the name; if it is right, log in: tinydocker login ${registry.host}`,
    });
  });

  it("of a registry on this machine that need not be encrypted takes it either way, and names what it answers", async (t) => {
    if (!needs(t, registryLacks())) return;
    const here = await place(t);
    const registry = await startRegistry(scoped(t), { tls: true });
    await registry.push(await layout(t), "image");
    const env = { ...registry.env, XDG_CONFIG_HOME: join(here.outside, "config") };
    mkdirSync(join(env.XDG_CONFIG_HOME, "tinydocker"), { recursive: true });
    const settings = JSON.stringify({ "insecure-registries": [registry.host] });
    writeFileSync(join(env.XDG_CONFIG_HOME, "tinydocker/registries.json"), settings);
    await pull(here.root, { ...registry, env });
    for (const asked of [{ ...registry, env }, registry])
      await assert.rejects(pull(here.root, asked, "nosuch"), { code: "image-not-found", message: /answers 404/ });
    const plain = await faultyRegistry(scoped(t), FILES);
    await assert.rejects(pull(here.root, plain, "nosuch"), { code: "image-not-found", message: /answers 404/ });
  });

  it("of what is here asks once, for its digest alone, and writes nothing", async (t) => {
    const here = await place(t);
    const registry = await faultyRegistry(scoped(t), FILES);
    await pull(here.root, registry);
    const before = stored(here.root);
    registry.requests.splice(0);
    const name = `${here.root}/names/${registry.host}/image/:latest`;
    const { ino, mtimeMs } = statSync(name);
    assert.equal((await pull(here.root, registry)).upToDate, true);
    assert.deepEqual(registry.requests, ["HEAD /v2/image/manifests/latest"]);
    assert.deepEqual(stored(here.root), before);
    assert.deepEqual([statSync(name).ino, statSync(name).mtimeMs], [ino, mtimeMs]);
  });

  it("goes through a proxy, also to a registry that is encrypted", async (t) => {
    if (!needs(t, registryLacks())) return;
    const here = await place(t);
    const registry = await startRegistry(scoped(t), { tls: true });
    await registry.push(await layout(t), "image");
    const asked: string[] = [];
    const sockets = new Set<Socket>();
    const proxy = createServer().listen(0, "127.0.0.1");
    proxy.on("connect", (request, socket: Socket) => {
      asked.push(`${request.url} ${request.headers["proxy-authorization"]}`);
      const to = connect(Number(registry.host.split(":")[1]), "127.0.0.1", () =>
        socket.write("HTTP/1.1 200 OK\r\n\r\n"),
      );
      sockets.add(to).add(socket);
      socket
        .on("error", () => {})
        .pipe(to.on("error", () => {}))
        .pipe(socket);
    });
    await once(proxy, "listening");
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });
    // Its certificate is for 127.0.0.1.
    const host = "registry.test:1234";
    const settings = join(registry.env["XDG_CONFIG_HOME"] ?? "", "tinydocker/registries.json");
    writeFileSync(settings, JSON.stringify({ "insecure-registries": [host] }));
    const env = { ...registry.env, https_proxy: `http://user:pass@127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    await pull(here.root, { host, env });
    assert.deepEqual(new Set(asked), new Set([`${host} Basic ${Buffer.from("user:pass").toString("base64")}`]));
  });

  it("sends nothing in the clear to a registry that no file names, not even on this machine", async (t) => {
    const here = await place(t);
    const registry = await faultyRegistry(scoped(t), FILES);
    const untold = { ...registry, env: { ...registry.env, XDG_CONFIG_HOME: here.outside } };
    const remedy = new RegExp(`registries\\.json: \\{"insecure-registries": \\["${registry.host}"\\]\\}$`);
    await assert.rejects(pull(here.root, untold), { code: "registry-unreachable", remedy });
    assert.deepEqual(registry.requests, []);
    await pull(here.root, registry);
  });

  it("asks the mirrors of docker.io first, and docker.io's name stays", async (t) => {
    const here = await place(t);
    const files = ociLayout({ layers: [BASE] });
    const registry = await faultyRegistry(scoped(t), files, (request, _response, next) => {
      request.url = request.url?.replace("/v2/library/image/", "/v2/image/");
      next();
    });
    const settings = { "registry-mirrors": [`http://${registry.host}`], "insecure-registries": [registry.host] };
    writeFileSync(join(registry.env["XDG_CONFIG_HOME"] ?? "", "tinydocker/registries.json"), JSON.stringify(settings));
    await pull(here.root, { ...registry, host: "docker.io" });
    assert.deepEqual((await resolveImage(here.root, "image")).name, "image");
  });

  it("of an image that another one fetches waits for it, and fetches nothing twice", async (t) => {
    const here = await place(t);
    const registry = await faultyRegistry(scoped(t), FILES);
    const [one, two] = await Promise.all([pull(here.root, registry), pull(here.root, registry)]);
    assert.deepEqual(one.manifest, two.manifest);
    const layers = registry.requests.filter((request) => request.includes("/blobs/"));
    const config = layers.filter((request, i) => layers.indexOf(request) !== i);
    assert.ok(new Set(layers).size === 3 && config.length <= 1, layers.join("\n"));
    assert.deepEqual(
      stored(here.root).filter((name) => name.startsWith("downloads/")),
      [],
    );
  });

  it("that is killed again and again goes on where it stopped", async (t) => {
    const rig = await tinydocker(scoped(t));
    const big = layer({ name: "big", content: noise("big", 100_000) });
    const files = ociLayout({ layers: [big, layer({ name: "other", content: noise("other", 50_000) })] });
    const size = Object.values(files).reduce((sum, { length }) => sum + length, 0);
    const sent: Sent = { bytes: 0, reached: () => {} };
    const registry = await faultyRegistry(scoped(t), files, (request, response, next) => {
      if (request.url?.includes("/blobs/")) inSteps(rig.root, request, response, sent);
      next();
    });
    for (const share of [0.2, 0.4, 0.6, 0.8]) {
      const child = rig.spawn(["pull", "-q", `${registry.host}/image`], { env: registry.env, stdio: "ignore" });
      const closed = once(child, "close");
      await new Promise<void>((resolve) => {
        sent.reached = (bytes) => bytes >= share * size && resolve();
      });
      child.kill("SIGKILL");
      assert.deepEqual(await closed, [null, "SIGKILL"]);
      assert.deepEqual(allNames(rig.root), []);
    }
    assert.deepEqual(await rig.run(["pull", "-q", `${registry.host}/image`], { env: registry.env }), {
      code: 0,
      signal: null,
      stdout: `${registry.host}/image:latest\n`,
      stderr: "",
    });
    assert.ok(sent.bytes <= 1.2 * size, `${sent.bytes} of ${size} bytes`);
    assert.deepEqual(
      stored(rig.root).filter((name) => /\/\.|downloads/.test(name)),
      [],
    );
    const [, base = ""] = (await resolveImage(rig.root, `${registry.host}/image`)).layers;
    assert.equal(statSync(`${base}/big`).size, 100_000 * 64);
  });

  it("that broke off takes all of a layer again where the registry, or a cache before it, has no such range", async (t) => {
    const here = await place(t);
    const big = layer({ name: "big", content: noise("416", 4_000) });
    const ranges: (string | undefined)[] = [];
    const registry = await faultyRegistry(scoped(t), ociLayout({ layers: [big] }), (request, response, next) => {
      const { range } = request.headers;
      if (!request.url?.endsWith(createHash("sha256").update(big).digest("hex"))) return next();
      ranges.push(range);
      if (ranges.length === 1) {
        response.writeHead(200, { "content-length": big.length });
        response.write(big.subarray(0, 100_000), () => response.destroy());
      } else if (range === undefined) next();
      else response.writeHead(416, { "content-range": "bytes */50000" }).end();
    });
    await pull(here.root, registry);
    assert.deepEqual(
      ranges.map((range) => range !== undefined),
      [false, true, false],
    );
  });

  it("of an index takes the image for this machine, whose digest is that of the index", async (t) => {
    const here = await place(t);
    const files = { ...FILES };
    const [image] = JSON.parse(String(files["index.json"])).manifests;
    const other = { ...image, digest: `sha256:${"0".repeat(64)}`, platform: { os: "linux", architecture: "other" } };
    const own = { ...image, platform: { os: "linux", architecture: ARCHITECTURE } };
    const indexOf = (manifests: object[]) => add(files, json({ schemaVersion: 2, manifests }), OCI_INDEX);
    let index = indexOf([other, own]);
    const registry = await faultyRegistry(scoped(t), files, (request, response, next) => {
      if (!request.url?.endsWith("/manifests/latest")) return next();
      response.writeHead(200, { "content-type": OCI_INDEX, "docker-content-digest": index.digest });
      response.end(files[`blobs/${index.digest.replace(":", "/")}`]);
    });
    const asked = async () => {
      registry.requests.splice(0);
      const { manifest, digest, upToDate } = await pull(here.root, registry);
      assert.deepEqual([manifest.digest, digest], [own.digest, index.digest]);
      return [upToDate, ...registry.requests];
    };
    assert.equal((await asked())[0], false);
    assert.deepEqual(await asked(), [true, "HEAD /v2/image/manifests/latest"]);
    index = indexOf([own]);
    assert.deepEqual(await asked(), [true, "HEAD /v2/image/manifests/latest", "GET /v2/image/manifests/latest"]);
    assert.deepEqual(await asked(), [true, "HEAD /v2/image/manifests/latest"]);
    for (const { digest } of [own, index])
      assert.equal(findStored(here.root, `${registry.host}/image@${digest}`)?.named.manifest.digest, own.digest);
    assert.equal(findStored(here.root, `${registry.host}/other@${own.digest}`), undefined);
  });

  it("waits as long as a registry asks that limits its requests or is busy, at each of them", async (t) => {
    const here = await place(t);
    const past = new Date(0).toUTCString();
    const refusals = [429, 503, 429].map((status, i) => ({ status, after: ["0", "0", past][i] ?? "" }));
    const registry = await faultyRegistry(scoped(t), FILES, (request, response, next) => {
      const refusal = request.url?.includes("manifests") ? undefined : refusals.pop();
      if (!refusal) return next();
      response.writeHead(refusal.status, { "retry-after": refusal.after }).end();
    });
    assert.equal((await pull(here.root, registry)).upToDate, false);
    assert.deepEqual(refusals, []);
  });

  it("takes a manifest and an index as what they are where the registry does not say it, as one of plain files", async (t) => {
    const here = await place(t);
    const { digest, mediaType } = JSON.parse(String(FILES["index.json"])).manifests[0];
    const own = { mediaType, digest, size: FILES[`blobs/${digest.replace(":", "/")}`]?.length ?? 0 };
    const index = { schemaVersion: 2, manifests: [{ ...own, platform: { os: "linux", architecture: ARCHITECTURE } }] };
    for (const type of ["application/octet-stream", "text/plain; charset=utf-8", "application/json", ""])
      for (const body of [undefined, json(index), json({ ...index, mediaType: OCI_INDEX })]) {
        const registry = await faultyRegistry(scoped(t), FILES, (request, response, next) => {
          if (!request.url?.includes("/manifests/")) return next();
          const bytes = request.url.endsWith("latest") && body ? body : FILES[`blobs/${digest.replace(":", "/")}`];
          response.writeHead(200, type === "" ? {} : { "content-type": type }).end(bytes);
        });
        assert.equal((await pull(here.root, registry)).manifest.mediaType, OCI_MANIFEST, `${type} ${body}`);
      }
  });

  it("of what is here asks for all of it where the registry does not answer with its digest", async (t) => {
    const here = await place(t);
    const registry = await faultyRegistry(scoped(t), FILES, (request, response, next) => {
      if (request.method !== "HEAD") return next();
      response.writeHead(405).end();
    });
    await pull(here.root, registry);
    assert.equal((await pull(here.root, registry)).upToDate, true);
  });
});

/**
 * Sends what is answered in pieces, so that a reader can be killed in the middle, and counts them. Each goes out when the one
 * before is on the disk: what is on its way is lost with the reader, and that is much where the machine is busy.
 */
function inSteps(root: string, request: IncomingMessage, response: ServerResponse, sent: Sent): void {
  const path = downloadPath(root, request.url?.split("/").at(-1) ?? "");
  const [write, end] = [response.write.bind(response), response.end.bind(response)];
  const send = (bytes: Buffer, from: number, at = from) => {
    if (response.destroyed) return;
    if (bytes.length === 0) {
      end();
      return;
    }
    if (at > from && (statSync(path, { throwIfNoEntry: false })?.size ?? 0) < at) {
      setTimeout(send, 4, bytes, from, at);
      return;
    }
    const piece = bytes.subarray(0, 32_768);
    sent.bytes += piece.length;
    sent.reached(sent.bytes);
    write(piece, () => setImmediate(send, bytes.subarray(piece.length), from, at + piece.length));
  };
  const [, from = "0"] = /^bytes=(\d+)-/.exec(request.headers.range ?? "") ?? [];
  response.end = ((bytes: Buffer) => send(bytes, Number(from))) as typeof response.end;
}

interface Sent {
  bytes: number;
  reached(bytes: number): void;
}
