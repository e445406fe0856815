import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BadImage } from "../../../../runtime/image/archive/entry.ts";
import { DOCKER_MANIFEST_V2, OCI_INDEX, OCI_MANIFEST } from "../../../../runtime/image/manifest/kinds.ts";
import { parseManifest } from "../../../../runtime/image/manifest/parse.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const descriptor = fc.record(
  {
    mediaType: fc.constantFrom(
      "application/vnd.oci.image.config.v1+json",
      "application/vnd.oci.image.layer.v1.tar",
      "",
      "x",
    ),
    digest: fc.constantFrom<unknown>(DIGEST, "sha256:../../etc/passwd", "md5:1", "", 5, null),
    size: fc.constantFrom<unknown>(0, 1, -1, 1.5, 2 ** 60, Number.NaN, "1", null),
    platform: fc.constantFrom<unknown>(undefined, {}, { os: "linux", architecture: "amd64" }, "linux"),
  },
  { requiredKeys: [] },
);
const manifest = fc.record(
  { config: descriptor, layers: fc.array(descriptor), manifests: fc.array(descriptor) },
  { requiredKeys: [] },
);
const text = fc.oneof(
  manifest.map((value) => JSON.stringify(value)),
  fc.json(),
  fc.string(),
);

test("any manifest is read, refused as an image, or of an unknown kind", () => {
  fc.assert(
    fc.property(fc.constantFrom(OCI_MANIFEST, DOCKER_MANIFEST_V2, OCI_INDEX, "text/html"), text, (type, written) => {
      try {
        const parsed = parseManifest(type, Buffer.from(written));
        if (parsed === "unknown kind") return;
        const all = "manifest" in parsed ? [parsed.manifest.config, ...parsed.manifest.layers] : parsed.index;
        for (const { digest } of all) assert.match(digest, /^sha(256|512):[0-9a-f]+$/);
        if ("manifest" in parsed) for (const { size } of all) assert.ok(Number.isSafeInteger(size) && size >= 0);
      } catch (error) {
        assert.ok(error instanceof BadImage, String(error));
      }
    }),
    { numRuns: 3_000 },
  );
});

test("one that is nested a million times is refused", () => {
  assert.equal(parseManifest(OCI_MANIFEST, Buffer.from("[".repeat(1_000_000))), "unknown kind");
});
