import assert from "node:assert/strict";
import { test } from "node:test";
import { readAhead } from "../../../../runtime/image/archive/read-ahead.ts";

/** What it does is written down. */
function counting(log: string[], last: () => number = () => 3) {
  return (async function* () {
    try {
      for (let i = 1; i <= 3; i += 1) {
        log.push(`make ${i}`);
        yield i === 3 ? last() : i;
      }
    } finally {
      log.push("end");
    }
  })();
}

test("the next piece is made while the last one is used", async () => {
  const log: string[] = [];
  for await (const piece of readAhead(counting(log))) log.push(`use ${piece}`);
  assert.deepEqual(log, ["make 1", "make 2", "use 1", "make 3", "use 2", "end", "use 3"]);
});

test("an error comes in its place, after the pieces before it", async () => {
  const used: number[] = [];
  const reading = (async () => {
    const broken = () => {
      throw new Error("broken");
    };
    for await (const piece of readAhead(counting([], broken))) used.push(piece);
  })();
  await assert.rejects(reading, /broken/);
  assert.deepEqual(used, [1, 2]);
});

test("a reader that stops ends the source", async () => {
  const log: string[] = [];
  for await (const _ of readAhead(counting(log))) break;
  assert.deepEqual(log, ["make 1", "make 2", "end"]);
});
