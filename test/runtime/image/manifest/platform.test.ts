import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { thisArchitecture } from "../../../../runtime/host/architecture.ts";
import { checkSystem } from "../../../../runtime/image/layers/config-file.ts";
import { type Descriptor, OCI_MANIFEST } from "../../../../runtime/image/manifest/kinds.ts";
import { chooseImage } from "../../../../runtime/image/manifest/platform.ts";

const architecture = thisArchitecture();
const baseline = architecture === "amd64" ? "v1" : "v8";
const plain = { mediaType: OCI_MANIFEST, digest: `sha256:${"1".repeat(64)}`, size: 1 };
const image = (platform: object): Descriptor => ({ ...plain, platform: { os: "linux", architecture, ...platform } });

describe("of the images in an index", () => {
  it("one for every processor of this kind is taken before one for later ones, which is taken where it is alone", () => {
    const [later, other] = [image({ variant: "v9" }), image({ architecture: "other" })];
    for (const own of [image({}), image({ variant: baseline })])
      assert.deepEqual(chooseImage([other, later, own]), { image: own });
    assert.deepEqual(chooseImage([other, later]), { image: later });
    assert.deepEqual(chooseImage([other, other]), { platforms: ["linux/other", "linux/other"] });
  });

  it("one of 32-bit x86 is taken on 64-bit x86 where there is none for that, as docker does", () => {
    const small = image({ architecture: "386" });
    assert.deepEqual(chooseImage([small, image({})]), { image: image({}) });
    const other = image({ architecture: "other" });
    const alone = chooseImage([other, small]);
    assert.deepEqual(alone, architecture === "amd64" ? { image: small } : { platforms: ["linux/other", "linux/386"] });
  });

  it("one for this machine is known by the other names of its processor and of Linux, as containerd reads them", () => {
    const names: Readonly<Record<string, string[]>> = {
      amd64: ["x86_64", "x86-64", "AMD64"],
      arm64: ["aarch64", "ARM64"],
    };
    const others = ["x86_64", "aarch64"].filter((name) => !names[architecture]?.includes(name));
    for (const name of names[architecture] ?? []) {
      const own = image({ architecture: name, os: "Linux" });
      assert.deepEqual(chooseImage([...others.map((one) => image({ architecture: one })), own]), { image: own }, name);
    }
    assert.doesNotThrow(() => checkSystem({ os: "Linux", rootfs: { diff_ids: [] } }));
    assert.throws(() => checkSystem({ os: "windows", rootfs: { diff_ids: [] } }), /it is for windows, not for Linux/);
  });

  it("what is not an image is never taken", () => {
    const signature = { ...plain, artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json" };
    const attestation = { ...image({}), annotations: { "vnd.docker.reference.type": "attestation-manifest" } };
    const list = { ...plain, artifactType: "application/json" };
    assert.deepEqual(chooseImage([signature, list, attestation, image({})]), { image: image({}) });
    assert.deepEqual(chooseImage([signature, attestation]), { several: [] });
  });
});
