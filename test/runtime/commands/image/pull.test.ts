import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { faultyRegistry } from "../../../rig/registry.ts";
import { tinydocker } from "../../../rig/tinydocker.ts";
import { archive } from "../../image/archive/archive.ts";
import { ociLayout } from "../../image/layers/saved.ts";

const rig = await tinydocker({ after });
const FILES = ociLayout({ layers: [archive({ name: "f", content: "1" })] });
const TAGS = Array.from({ length: 12 }, (_, i) => `v${i + 10}`);
const registry = await faultyRegistry({ after }, FILES, (request, response, next) => {
  if (request.url?.endsWith("/tags/list")) response.end(JSON.stringify({ tags: ["sha256-0.sig", ...TAGS] }));
  else if (request.url?.endsWith(".sig")) response.writeHead(404).end();
  else next();
});
const NAME = `${registry.host}/image`;

describe("pull --all-tags", () => {
  it("fetches each tag that the registry has, also after one that can't be", async () => {
    const { code, stdout, stderr } = await rig.run(["pull", "-qa", NAME], { env: registry.env });
    assert.deepEqual([code, stdout], [125, TAGS.map((tag) => `${NAME}:${tag}\n`).join("")]);
    assert.match(stderr, /^tinydocker: can't pull .*:sha256-0\.sig: .* answers 404\n.*\n$/);
    const images = await rig.run(["images", "--format", "{{.Tag}}", NAME]);
    assert.deepEqual(images.stdout.trim().split("\n"), TAGS);
  });
});
