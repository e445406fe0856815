import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { SentFiles } from "../../../../devtool/dev/lane/sent.ts";
import { createFilter } from "../../../../devtool/ignore/filter.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

test("what a watch round deleted from the mirror is not remembered as sent, also what was below a folder", async (t) => {
  process.env["XDG_CACHE_HOME"] = await temporaryDirectory(t);
  const read = () => SentFiles.read("box", "/home/me/mirror");
  const first = await read();
  await first.replace("rules", ["a/", "a/b/", "a/b/one", "a/b/two", "ab", "c"]);
  await first.update(["a/b/two", "d"], ["a/", "a/b/", "a/b/one", "d"]);
  assert.deepEqual([...(await read()).paths].sort(), ["a/", "a/b/", "a/b/one", "ab", "c", "d"]);
  const second = await read();
  await second.update(["a"], []);
  assert.deepEqual([...(await read()).paths].sort(), ["ab", "c", "d"]);
  await second.forget();
  assert.deepEqual([...(await read()).paths], []);
});

test("what a sync sent that did not end is known to be there in the next session, until one ends, whatever the rules were before", async (t) => {
  process.env["XDG_CACHE_HOME"] = await temporaryDirectory(t);
  const read = () => SentFiles.read("box", "/home/me/mirror");
  const rules = (digest: string, ...exclude: string[]) => ({ digest, filter: createFilter({ exclude }) });
  for (const before of [[], ["a"]]) {
    const first = await read();
    if (before.length > 0) await first.replace("rules", before);
    first.addUnfinished(["data/", "data/1"]);
    first.addUnfinished(["data/", "data/1", "data/2"]);
    assert.equal(first.isLost(["data"]), false);
    for (const sent of [first, await read()])
      assert.deepEqual(sent.withdrawn(rules("rules", "data/")), ["data/", "data/1", "data/2"]);
    await first.replace("rules", ["a"]);
    for (const sent of [first, await read()]) {
      assert.deepEqual(sent.withdrawn(rules("other", "data/")), []);
      assert.deepEqual([...sent.paths], ["a"]);
    }
    await first.forget();
  }
});

test("that they can't be stored is said with what follows from it, until they are", async (t) => {
  const cache = await temporaryDirectory(t);
  process.env["XDG_CACHE_HOME"] = cache;
  await writeFile(join(cache, "devtool"), "in the place of the folder");
  const sent = await SentFiles.read("box", "/home/me/mirror");
  await sent.replace("rules", ["a"]);
  assert.match(sent.notices.join(), /^can't write \S+, the list of what was sent: .* \(E\w+\); what git ignores/);
  await sent.update(["b"], ["b"]);
  assert.equal(sent.notices.length, 1);
  await rm(join(cache, "devtool"));
  await sent.replace("rules", ["a", "b"]);
  assert.deepEqual(sent.notices, []);
  assert.deepEqual([...(await SentFiles.read("box", "/home/me/mirror")).paths], ["a", "b"]);
});
