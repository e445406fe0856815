import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Failure } from "../../../../devtool/failure.ts";
import { receiveFileList } from "../../../../devtool/sync/receive/filelist.ts";
import { FileListEncoder } from "../../../../devtool/sync/send/filelist.ts";
import { Channel, StreamEnded } from "../../../../devtool/sync/wire/channel.ts";
import { type Entry, MODE } from "../../../../devtool/sync/wire/entry.ts";
import { ByteWriter } from "../../../../devtool/sync/wire/wire.ts";
import fc from "../../../rig/fast-check.ts";

function channelOf(bytes: Uint8Array): Channel {
  const stdout = new PassThrough();
  stdout.end(bytes);
  return new Channel({ stdin: new PassThrough(), stdout }, () => {});
}

const name = fc.array(fc.constantFrom("a", "b", "a-b", "\xff", "x".repeat(200)), { minLength: 1, maxLength: 3 });
const entry = fc.record({
  name: name.map((parts) => parts.join("/")),
  kind: fc.constantFrom(MODE.regular, MODE.directory, MODE.symlink),
  size: fc.oneof(fc.nat(), fc.maxSafeNat()),
  seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
  nanoseconds: fc.nat(999_999_999),
});

test("a list is received as it was sent, whatever its names, sizes and times", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(entry, { selector: (made) => made.name }),
      fc.boolean(),
      async (made, isIncomplete) => {
        const sent = made.map(({ name: path, kind, ...rest }): Entry => {
          const link = kind === MODE.symlink ? path : undefined;
          return { ...rest, name: path, path, mode: kind | 0o644, link, complete: kind === MODE.directory };
        });
        const out = new ByteWriter();
        new FileListEncoder(31).encode(sent, isIncomplete, out);
        const received = await receiveFileList(channelOf(out.take()));
        assert.equal(received.isIncomplete, isIncomplete);
        const byName = (a: Entry, b: Entry) => (a.name < b.name ? -1 : 1);
        assert.deepEqual([...received.entries].sort(byName), sent.sort(byName));
      },
    ),
    { numRuns: 200 },
  );
});

test("bytes that are no list end in an error, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const error = await receiveFileList(channelOf(bytes)).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      assert.ok(error === undefined || error instanceof StreamEnded || error instanceof Failure, String(error));
    }),
    { numRuns: 500 },
  );
});
