import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { Readable } from "node:stream";
import { test } from "node:test";
import { unzstd } from "../../../../../runtime/image/archive/compression/zstd.ts";
import { needs } from "../../../../rig/host.ts";

async function contentOf(archive: Buffer): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of unzstd(Readable.from([archive]))) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Found by mutating what zstd wrote: its Huffman weights take no bits, so that there is no end of them. */
const ENDLESS =
  "28b52ffd00587d0b0006103220f067ab03340393042df2a0bc851ee7ba780c9d71c7b9ae6d32bad5cd44144f02260028002d00ce60e5426735f6" +
  "1873ffbf2ccde40379f80f8db6360d1dc6dab1bfc754637dfeb7f6feff700a179d5eebddde972b9587280b370e1889ca53491832848787175a86" +
  "a14787fd6fa70e08b5c6c56b2d7d9323262a6b93a8b5f1a60244a01040809a325afa5f1f52a1580552ca908a381162320b1bac3c12362e905201" +
  "8d8e53ac9b696dd47bff3f9524e1fdff2c4c6b83fcdd7afd184c05414c0601e0c469be76ffea3d2000039240c268f460412bd0a0802f28104031" +
  "53768008b570fed903fbb105be52a04947b386e41980c48187ea349a9d0a2fc0746354362f01034a054cab97484ac128b33acb39a026189366a2" +
  "0238a00254976c0054529906b006d413b679cb95c194cb6d600facca2bcf80160795aa5366560516dac0a89c8cb12caf606c002a8d11f0024e03" +
  "cc55c300344d0037313754084c6b680e1b33365e01c6312fe3131802";

test("a block whose Huffman weights never end is refused, as libzstd does", async () => {
  await assert.rejects(contentOf(Buffer.from(ENDLESS, "hex")), /the Huffman code of a block is broken/);
});

test("what zstd compressed is read, however often its bytes occur", async (t) => {
  if (!needs(t, spawnSync("zstd", ["--version"]).error ? "zstd" : undefined)) return;
  for (let kinds = 1; kinds <= 200; kinds += kinds < 20 ? 1 : 30)
    for (const level of ["-1", "-19"]) {
      const content = Buffer.from(Array.from({ length: 5000 }, (_, i) => ((i * i * 7919) >> 3) % kinds ** (i % 3)));
      const archive = spawnSync("zstd", [level, "--stdout"], { input: content }).stdout;
      assert.deepEqual(await contentOf(archive), content, `${kinds} bytes, ${level}`);
    }
});
