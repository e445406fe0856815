import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { resolveImage } from "../../../../runtime/image/resolve.ts";
import { type Answering, faultyRegistry } from "../../../rig/registry.ts";
import { add, type Files, json, ociLayout } from "../layers/saved.ts";
import { place } from "../rig.ts";
import { layer, pull, stored } from "./rig.ts";

const GOOD = layer({ name: "bin/sh", content: "#!", mode: 0o755 }, { name: "etc/passwd", content: "root:x:0:0\n" });
const RANDOM = Buffer.concat(Array.from({ length: 40_000 }, (_, i) => createHash("sha256").update(String(i)).digest()));
const BIG = layer({ name: "big", content: RANDOM });
const FILES = ociLayout({ layers: [GOOD, BIG] });

/** An image whose manifest is another. */
function withManifest(change: (manifest: Record<string, unknown>) => unknown): Files {
  const files = { ...FILES };
  const index = JSON.parse(String(FILES["index.json"]));
  const { digest } = index.manifests[0];
  const manifest = JSON.parse(String(FILES[`blobs/${digest.replace(":", "/")}`]));
  const descriptor = add(files, json(change(manifest)), index.manifests[0].mediaType);
  files["index.json"] = json({ schemaVersion: 2, manifests: [descriptor] });
  return files;
}

const isBlob = (url = "") => url.includes("/blobs/");
const isBig = (url = "") => url.includes(createHash("sha256").update(BIG).digest("hex"));
const manifestAs =
  (type: string, body: string | Buffer): Answering =>
  (request, response, next) => {
    if (isBlob(request.url)) return next();
    response.writeHead(200, { "content-type": type });
    response.end(body);
  };
const refusing =
  (status: number, body: string, headers = {}): Answering =>
  (_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
const OCI = "application/vnd.oci.image.manifest.v1+json";
const image = (...layers: Buffer[]) => ociLayout({ layers });

interface Case {
  readonly files?: Files;
  readonly answering?: Answering;
  readonly says: RegExp;
  readonly code?: string;
}

const CASES: Readonly<Record<string, Case>> = {
  "a layer with another digest": {
    files: {
      ...FILES,
      [`blobs/sha256/${createHash("sha256").update(BIG).digest("hex")}`]: Buffer.alloc(BIG.length, 1),
    },
    says: /its layer does not match its digest sha256:/,
  },
  "a layer that is longer than its manifest says": {
    answering: (request, response, next) => {
      if (!isBig(request.url)) return next();
      response.end(Buffer.concat([BIG, BIG]));
    },
    says: /has \d+ bytes of sha256:\w+, whose manifest says \d+ bytes|has more than the \d+ bytes/,
  },
  "a layer without a length that goes on for ever": {
    answering: (request, response, next) => {
      if (!isBig(request.url)) return next();
      const more = () => {
        while (response.write(BIG));
      };
      response.on("drain", more);
      response.writeHead(200);
      more();
    },
    says: /has more than the \d+ bytes of its manifest/,
  },
  "a manifest with a size that is not one": {
    files: withManifest((manifest) => ({
      ...manifest,
      layers: [{ mediaType: "x", digest: `sha256:${"0".repeat(64)}`, size: -1 }],
    })),
    says: /says that sha256:0+ has -1 bytes/,
  },
  "a manifest with a digest that leads elsewhere": {
    files: withManifest((manifest) => ({
      ...manifest,
      layers: [{ mediaType: "x", digest: "sha256:../../../etc/passwd", size: 1 }],
    })),
    says: /is not a digest/,
  },
  "a manifest with too many layers": {
    files: withManifest((manifest) => ({ ...manifest, layers: Array(251).fill((manifest["layers"] as object[])[0]) })),
    says: /it has 251 layers, and 250 is the most/,
  },
  "a manifest of 5 MB": {
    answering: manifestAs(OCI, Buffer.alloc(5_000_000, " ")),
    says: /its answer is over 4 MiB/,
    code: "registry-failed",
  },
  "a manifest of an unknown kind": {
    answering: manifestAs("application/vnd.docker.distribution.manifest.v1+prettyjws", "{}"),
    says: /its manifest is of an unknown kind, "application\/vnd\.docker\.distribution\.manifest\.v1\+prettyjws"/,
    code: "registry-failed",
  },
  "a manifest of a known kind that is nothing of the kind": {
    answering: manifestAs(OCI, "{}"),
    says: /its manifest is damaged: it is not what "application\/vnd\.oci\.image\.manifest\.v1\+json" is$/m,
    code: "image-invalid",
  },
  "something else than an image": {
    files: withManifest((manifest) => ({
      ...manifest,
      config: { ...(manifest["config"] as object), mediaType: "application/vnd.cncf.helm" },
    })),
    says: /it is not an image of a container, but "application\/vnd\.cncf\.helm"/,
  },
  "an image for another machine": {
    answering: manifestAs(
      "application/vnd.oci.image.index.v1+json",
      json({
        manifests: ["arm", "s390x"].map((architecture) => ({
          mediaType: OCI,
          digest: `sha256:${"1".repeat(64)}`,
          size: 2,
          platform: { os: "linux", architecture },
        })),
      }),
    ),
    says: /it is for linux\/arm, linux\/s390x, and this machine is linux\//,
    code: "image-not-found",
  },
  "an index of one image, for another machine": {
    answering: manifestAs(
      "application/vnd.oci.image.index.v1+json",
      json({
        manifests: ["s390x"].map((architecture) => ({
          mediaType: OCI,
          digest: `sha256:${"1".repeat(64)}`,
          size: 2,
          platform: { os: "linux", architecture },
        })),
      }),
    ),
    says: /it is for linux\/s390x, and this machine is/,
    code: "image-not-found",
  },
  "a web page in place of a manifest": {
    answering: manifestAs("text/html", "<html>Please sign in</html>"),
    says: /the registry answers a web page/,
    code: "registry-failed",
  },
  "a web page in place of a layer": {
    answering: (request, response, next) => {
      if (!isBig(request.url)) return next();
      response.writeHead(200, { "content-type": "text/html", "content-length": 6 });
      response.end("<html>");
    },
    says: /answers a web page for sha256:/,
  },
  "no image of that name": {
    answering: refusing(404, '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest \\u001b[31munknown"}]}'),
    says: /answers 404: manifest \[31munknown \(MANIFEST_UNKNOWN\)$/,
    code: "image-not-found",
  },
  "a refusal": {
    answering: refusing(403, '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}'),
    says: /answers 403: requested access to the resource is denied \(DENIED\)$/,
    code: "registry-denied",
  },
  "a limit of requests": {
    answering: refusing(
      429,
      '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}',
      { "retry-after": "60" },
    ),
    says: /answers 429: You have reached your pull rate limit\. \(TOOMANYREQUESTS\)$/,
    code: "registry-limited",
  },
  "an error that does not pass": {
    answering: refusing(503, "<!DOCTYPE html><p>Service Unavailable"),
    says: /answers 503: a web page, not a registry's answer$/,
    code: "registry-failed",
  },
  "redirects in a circle": {
    answering: (request, response) => {
      response.writeHead(307, { location: request.url });
      response.end();
    },
    says: /redirects more than 10 times/,
    code: "registry-failed",
  },
  "a redirect to a file": {
    answering: refusing(302, "", { location: "file:///etc/passwd" }),
    says: /redirects to file:\/\//,
    code: "registry-failed",
  },
  "a registry that stops in the middle each time": {
    answering: (request, response, next) => {
      if (!isBig(request.url)) return next();
      const range = request.headers.range;
      const from = Number(/=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
      response.writeHead(
        range ? 206 : 200,
        range ? { "content-range": `bytes ${from}-${BIG.length - 1}/${BIG.length}` } : {},
      );
      response.write(from === 0 ? BIG.subarray(0, 1_000) : "", () => response.destroy());
      response.flushHeaders();
    },
    says: /can't reach 127\.0\.0\.1:\d+: |ends sha256:\w+ after \d+ of \d+ bytes/,
  },
  "a registry that says nothing": {
    answering: () => {},
    says: /can't reach 127\.0\.0\.1:\d+: it says nothing for 0\.\d+ s/,
    code: "registry-unreachable",
  },
  "a registry that says nothing in the middle of a layer": {
    answering: (request, response, next) => {
      if (!isBig(request.url)) return next();
      response.writeHead(request.headers.range ? 404 : 200);
      response.write(BIG.subarray(0, 1_000));
      if (request.headers.range) response.end();
    },
    says: /answers 404|it says nothing/,
  },
  "a registry that lies about ranges": {
    answering: (request, response, next) => {
      if (!isBig(request.url)) return next();
      if (request.headers.range === undefined) {
        response.writeHead(200, { "content-length": BIG.length });
        response.write(BIG.subarray(0, 100_000), () => response.destroy());
        return;
      }
      response.writeHead(206, { "content-range": `bytes 0-9/${BIG.length}` });
      response.end("0123456789");
    },
    says: /was asked for sha256:\w+ from byte \d+, and answers "bytes 0-9\//,
    code: "registry-failed",
  },
  "a hard link to a file of the machine": {
    files: image(layer({ name: "x", type: "1", target: "/etc/passwd" })),
    says: /the hard link "x" is to "etc\/passwd", which is not a file of the image/,
  },
  "a layer that is not an archive": { files: image(Buffer.alloc(10_240, 7)), says: /it is not a tar archive/ },
  "a layer that is cut short": {
    files: ociLayout({ layers: [BIG], compress: (bytes) => gzipSync(bytes).subarray(0, -900) }),
    says: /cut short/,
  },
};

describe("a pull", () => {
  for (const [what, { files = FILES, answering, says, code = "image-invalid" }] of Object.entries(CASES)) {
    it(`that meets ${what} fails by name, and leaves nothing that can be seen`, async (t) => {
      const here = await place(t);
      const registry = await faultyRegistry({ after: (cleanup) => t.after(cleanup) }, files, answering);
      const failure = await pull(here.root, registry).then(
        () => undefined,
        (error: Error & { code?: string }) => error,
      );
      assert.match(failure?.message ?? "it succeeded", says);
      assert.match(failure?.message ?? "", /^can't (?:pull|reach)|^127/);
      if (code !== "image-invalid") assert.equal(failure?.code, code);
      assert.equal(failure?.name, "Failure", failure?.stack);
      const visible = stored(here.root).filter((name) => name.startsWith("names/") || /\/\./.test(name));
      assert.deepEqual(visible, []);
      assert.deepEqual(readdirSync(here.outside), ["victim"]);
    });
  }

  it("of a layer whose links lead out writes where they lead inside", async (t) => {
    const here = await place(t);
    const out = layer(
      { name: "out", type: "2", target: "../../../../.." },
      { name: "out/outside/victim", content: "x" },
    );
    const registry = await faultyRegistry({ after: (cleanup) => t.after(cleanup) }, image(out));
    await pull(here.root, registry);
    const [top = ""] = (await resolveImage(here.root, `${registry.host}/image`)).layers;
    assert.equal(readFileSync(`${top}/outside/victim`, "utf8"), "x");
    assert.equal(readFileSync(`${here.outside}/victim`, "utf8"), "untouched");
  });
});
