import assert from "node:assert/strict";
import { test } from "node:test";
import { rangesOf, subordinateIds } from "../../../../runtime/host/users/subordinate-ids.ts";

test("the lines of a user in subuid(5) are found by name and by number, and those of others and bad ones are not", () => {
  const text =
    "ann:100000:65536\nbob:200000:65536\n1000:300000:10\nann:x:1\nann:1\nann:5:0\n#ann:7:7\nann:400000:5:6\n\n";
  assert.deepEqual(rangesOf(text, ["ann", "1000"]), [
    { start: 100_000, size: 65_536 },
    { start: 300_000, size: 10 },
    { start: 400_000, size: 5 },
  ]);
  assert.deepEqual(rangesOf("", ["ann"]), []);
});

test("there are none of ids that do not exist in this user namespace", () => {
  const one = [{ containerID: 0, hostID: 1000, size: 1 }];
  assert.deepEqual(subordinateIds(0, { uids: one, gids: one, setgroups: false }), { uids: [], gids: [] });
});
