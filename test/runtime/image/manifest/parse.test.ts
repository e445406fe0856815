import assert from "node:assert/strict";
import { test } from "node:test";
import { DOCKER_MANIFEST_V2, OCI_MANIFEST } from "../../../../runtime/image/manifest/kinds.ts";
import { parseManifest } from "../../../../runtime/image/manifest/parse.ts";

test("a manifest that is nested a million times is refused", () => {
  assert.equal(parseManifest(OCI_MANIFEST, Buffer.from("[".repeat(1_000_000))), "unknown kind");
});

test("a field that is null is as good as none, as other tools read it", () => {
  const type = "application/vnd.oci.image.manifest.v1+json";
  const blob = { digest: `sha256:${"1".repeat(64)}`, size: 1, annotations: null, platform: null, urls: null };
  const config = { ...blob, mediaType: "application/vnd.oci.image.config.v1+json" };
  const manifest = { schemaVersion: 2, mediaType: null, config, layers: [{ ...blob, mediaType: "x" }] };
  assert.ok(typeof parseManifest(type, Buffer.from(JSON.stringify(manifest))) === "object");
});

test("a configuration of a type that old docker and registries wrote is an image's, a chart's or a signature's is not", () => {
  const parse = (mediaType: string) => {
    const config = { mediaType, digest: `sha256:${"1".repeat(64)}`, size: 1 };
    return parseManifest(DOCKER_MANIFEST_V2, Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [] })));
  };
  for (const type of ["application/octet-stream", "application/json", "text/html"])
    assert.ok(typeof parse(type) === "object", type);
  for (const type of ["application/vnd.cncf.helm.config.v1+json", "application/vnd.oci.empty.v1+json"])
    assert.throws(() => parse(type), { message: `it is not an image of a container, but "${type}"` });
});

test("a layer that is encrypted or no archive of files is refused before it is fetched, whatever its configuration", () => {
  const digest = `sha256:${"1".repeat(64)}`;
  const parse = (mediaType: string) => {
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: 1 };
    const layers = [{ mediaType, digest, size: 1 }];
    return parseManifest(OCI_MANIFEST, Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers })));
  };
  const oci = "application/vnd.oci.image.layer";
  const docker = "application/vnd.docker.image.rootfs";
  for (const type of [
    ...[`${oci}.v1.tar`, `${oci}.v1.tar+gzip`, `${oci}.v1.tar+zstd`, `${oci}.nondistributable.v1.tar+gzip`],
    ...[`${docker}.diff.tar.gzip`, `${docker}.foreign.diff.tar`, "application/octet-stream"],
  ])
    assert.ok(typeof parse(type) === "object", type);
  for (const type of [`${oci}.v1.tar+gzip+encrypted`, "application/vnd.wasm.content.layer.v1+wasm"])
    assert.throws(() => parse(type), { message: `its layer ${digest} is not an archive of files, but "${type}"` });
});
