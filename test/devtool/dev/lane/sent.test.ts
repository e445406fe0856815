import assert from "node:assert/strict";
import { test } from "node:test";
import { SentFiles } from "../../../../devtool/dev/lane/sent.ts";
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
