import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { BadImage, type Entry } from "../../../../runtime/image/archive/entry.ts";
import { extractLayers } from "../../../../runtime/image/extract/extract.ts";
import { Notes } from "../../../../runtime/image/notes.ts";
import { place } from "../rig.ts";

const base = { metadata: { mode: 0o644, uid: 0, gid: 0, mtime: 0 }, attributes: [] };
const options = { notes: new Notes(), signal: new AbortController().signal, progress: () => {} };

test("a layer of entries without end is refused at the limit", async (t) => {
  const { root } = await place(t);
  mkdirSync(root);
  let made = 0;
  async function* endless(): AsyncGenerator<Entry> {
    for (; ; made += 1) yield { ...base, kind: "mount point", path: "a", directory: false };
  }
  await assert.rejects(extractLayers([endless()], root, { ...options, entriesMax: 10_000 }), (error) => {
    return error instanceof BadImage && error.message === "it contains more than 10,000 files";
  });
  assert.equal(made, 10_000);
  assert.deepEqual(readdirSync(root), []);
});

test("a file of more than 64 GiB is refused before that much is written", async (t) => {
  const { root } = await place(t);
  mkdirSync(root);
  // Not as long as it says: what is refused is the length, before a write.
  const long = Object.defineProperty(new Uint8Array(1), "length", { value: 64 * 1_024 ** 3 + 1 });
  async function* bomb(): AsyncGenerator<Entry> {
    yield {
      ...base,
      kind: "file",
      path: "a",
      content: (async function* () {
        yield long;
      })(),
    };
  }
  await assert.rejects(extractLayers([bomb()], root, options), (error) => {
    return error instanceof BadImage && error.message === "it is bigger than 64 GiB";
  });
});
