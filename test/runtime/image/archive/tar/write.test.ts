import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import type { Entry } from "../../../../../runtime/image/archive/entry.ts";
import { archiveEnd } from "../../../../../runtime/image/archive/tar/header-block.ts";
import { readTar } from "../../../../../runtime/image/archive/tar/tar.ts";
import { writeMembers } from "../../../../../runtime/image/archive/tar/write.ts";
import { Notes } from "../../../../../runtime/image/notes.ts";

/** Whole seconds, before 1970 and after the year 2242 too. */
const TIMES = [-86_400.5, -1, 0, 1_700_000_000, 2 ** 33 + 5];

test("what is written of times, GNU tar and an import read", async () => {
  const entries = TIMES.map((mtime, i): Entry => {
    const metadata = { mode: 0o644, uid: 0, gid: 0, mtime };
    return { path: String(i), metadata, attributes: [], kind: "symlink", target: "x" };
  });
  const bytes = Buffer.concat([...(await gathered(writeMembers(inTurn(entries)))), archiveEnd()]);
  const read = await gathered(readTar(inTurn([bytes]), { notes: new Notes() }));
  assert.deepEqual(
    read.map(({ metadata }) => metadata.mtime),
    TIMES.map(Math.floor),
  );
  const listed = execFileSync("tar", ["-tv", "--full-time", "--utc"], { input: bytes, encoding: "utf8" });
  assert.deepEqual(listed.match(/\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d/g), [
    "1969-12-30 23:59:59",
    "1969-12-31 23:59:59",
    "1970-01-01 00:00:00",
    "2023-11-14 22:13:20",
    "2242-03-16 12:56:37",
  ]);
});

async function* inTurn<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

async function gathered<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}
