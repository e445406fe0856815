import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { text } from "node:stream/consumers";
import test from "node:test";
import { PipeSource } from "../../../devtool/agent/pipes.ts";

test("each process gets pipes of its own, which can be opened again and end when their writer closes", async () => {
  const source = new PipeSource();
  const pipes = await Promise.all(Array.from({ length: 10 }, () => source.take()));
  assert.equal(new Set(pipes.flatMap(({ childFds }) => childFds.map((fd) => fstatSync(fd).ino))).size, 30);
  for (const [index, { childFds, stdin, stdout, stderr }] of pipes.entries()) {
    for (const fd of childFds) assert.ok(fstatSync(fd).isFIFO());
    const [input, output, errors] = childFds;
    const again = openSync(`/proc/self/fd/${output}`, "w");
    writeSync(again, `out ${index}`);
    for (const fd of [again, output, errors]) closeSync(fd);
    assert.deepEqual(await Promise.all([text(stdout), text(stderr)]), [`out ${index}`, ""]);
    await new Promise<void>((resolve) => stdin.end(`in ${index}`, () => resolve()));
    const read = Buffer.alloc(20);
    assert.equal(read.toString("utf8", 0, readSync(input, read)), `in ${index}`);
    assert.equal(readSync(input, read), 0);
    closeSync(input);
  }
});
