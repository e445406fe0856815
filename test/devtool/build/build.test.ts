import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { BuildFailure, type BuildMemory, build, type OnLine } from "../../../devtool/build/build.ts";
import type { BuildStep } from "../../../devtool/build/step.ts";
import { TOOLS } from "../../../devtool/build/tools.ts";
import { BUILD_STAMPS } from "../../../devtool/config/project.ts";
import { Failure } from "../../../devtool/failure.ts";
import type { Diagnostic } from "../../../devtool/report/diagnostic.ts";
import { localTarget } from "../../../devtool/targets/local/local.ts";
import type { Connection } from "../../../devtool/targets/target.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { gone } from "../../rig/processes.ts";
import { lacks } from "../rig.ts";

const signal = new AbortController().signal;

/** A mirror on this machine, which is also the project. */
interface Place {
  readonly mirror: string;
  readonly connection: Connection;
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Builds as a session with this memory does; returns whether make ran. */
  run(memory?: BuildMemory, onLine?: OnLine, until?: AbortSignal): Promise<boolean>;
  /** Every line of every run. */
  readonly printed: { text: string; found: Diagnostic | undefined }[];
  /** The content of what was made. */
  made(): Promise<string>;
}

const isInput = (path: string) => (path === "native" || path.startsWith("native/")) && !/(\bout|\/log)$/.test(path);
const STEP: BuildStep = {
  name: "native",
  folder: "native",
  runsToEnd: false,
  ...TOOLS.make([]),
  inputs: { includes: isInput, isSelected: isInput },
};

function nothingKnown(): BuildMemory {
  return { stamp: undefined, isStale: true, digests: new Map() };
}

const MAKEFILE = "out: a.txt b.txt\n\tcat a.txt b.txt >out\n\techo made >>log\n";

async function place(t: TestContext, makefile = MAKEFILE): Promise<Place> {
  const mirror = await temporaryDirectory(t);
  const connection = await localTarget("local", { sudo: false }).connect(signal);
  t.after(() => connection.close());
  const write = async (files: Readonly<Record<string, string>>) => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(mirror, path)), { recursive: true });
      await writeFile(join(mirror, path), text);
    }
  };
  await write({ "native/Makefile": makefile, "native/a.txt": "a", "native/b.txt": "b" });
  const printed: Place["printed"] = [];
  const facts = await connection.facts();
  return {
    mirror,
    connection,
    printed,
    write,
    run: async (
      memory = nothingKnown(),
      onLine = (text, found) => void printed.push({ text, found }),
      until = signal,
    ) => (await build(STEP, { target: "box", connection, facts, root: mirror, mirror }, memory, onLine, until)).built,
    made: () => readFile(join(mirror, "native/out"), "utf8"),
  };
}

test("make runs if the native sources changed, and in no later session if they did not", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { run, write, made } = await place(t);
  assert.equal(await run(), true);
  assert.equal(await made(), "ab");
  assert.equal(await run(), false);
  await write({ "native/a.txt": "A" });
  assert.equal(await run(), true);
  assert.equal(await made(), "Ab");
});

test("a changed source is compiled even if it is older than what was made from it", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { mirror, run, write, made } = await place(t);
  const memory = nothingKnown();
  await run(memory);
  await write({ "native/b.txt": "B" });
  await utimes(join(mirror, "native/b.txt"), 1, 1);
  assert.equal(await run(memory), true);
  assert.equal(await made(), "aB");
  await write({ "native/a.txt": "A" });
  await utimes(join(mirror, "native/a.txt"), 1, 1);
  assert.equal(await run(), true, "in another session too");
  assert.equal(await made(), "AB");
});

test("a save that changes nothing is not compiled", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { run, write } = await place(t);
  const memory = nothingKnown();
  await run(memory);
  await write({ "native/a.txt": "a" });
  assert.equal(await run(memory), false);
});

test("what was removed on the target after it was made is made again", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { mirror, run, made } = await place(t);
  await run();
  await rm(join(mirror, "native/out"));
  assert.equal(await run(), true);
  assert.equal(await made(), "ab");
});

test("a FIFO among the sources does not keep a build waiting", async (t) => {
  if (!needs(t, lacks("make", "mkfifo"))) return;
  const { mirror, run, made } = await place(t);
  assert.equal(spawnSync("mkfifo", [join(mirror, "native/fifo")]).status, 0);
  assert.equal(await run(), true);
  assert.equal(await made(), "ab");
});

test("a source in a folder whose name is not UTF-8 is built, and again once it changed", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { mirror, run, made } = await place(t, "out: $(wildcard */*.txt)\n\tcat */*.txt >out\n");
  const folder = Buffer.concat([Buffer.from(join(mirror, "native/")), Buffer.from([0xe9])]);
  const file = Buffer.concat([folder, Buffer.from("/c.txt")]);
  await mkdir(folder);
  for (const text of ["c", "C"]) {
    await writeFile(file, text);
    await utimes(file, 1, 1);
    assert.equal(await run(), true);
    assert.equal(await made(), text);
  }
  assert.equal(await run(), false);
});

test("a removed file is a change", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { mirror, run } = await place(t, "out: $(wildcard *.txt)\n\tcat *.txt >out\n");
  await run();
  await rm(join(mirror, "native/b.txt"));
  assert.equal(await run(), true);
});

test("after a build that failed half-way, undoing the mistake rebuilds what was already built from it", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { run, write, mirror } = await place(
    t,
    "out: a.out b.out\n\tcat a.out b.out >out\na.out: a.txt\n\tcp a.txt a.out\nb.out: b.txt\n\t! grep bad b.txt\n\tcp b.txt b.out\n",
  );
  const memory = nothingKnown();
  await run(memory);
  await write({ "native/a.txt": "new", "native/b.txt": "bad" });
  await assert.rejects(run(memory), BuildFailure);
  await write({ "native/a.txt": "a", "native/b.txt": "b" });
  for (const name of ["a.txt", "b.txt"]) await utimes(join(mirror, "native", name), 1, 1);
  await run(memory);
  assert.equal(await readFile(join(mirror, "native/out"), "utf8"), "ab");
});

test("of an earlier session's build, also of one that failed, only what changed since is built again", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { run, write, mirror } = await place(
    t,
    "out: a.out b.out\n\tcat a.out b.out >out\n%.out: %.txt\n\techo $@ >>log\n\t! grep bad $<\n\tcp $< $@\n",
  );
  await run();
  await write({ "native/b.txt": "better" });
  assert.equal(await run(), true);
  await write({ "native/b.txt": "bad" });
  await assert.rejects(run(), BuildFailure);
  await write({ "native/b.txt": "good" });
  assert.equal(await run(), true);
  assert.equal(await readFile(join(mirror, "native/log"), "utf8"), `a.out\n${"b.out\n".repeat(4)}`);
  assert.equal(await run(), false);
});

test("a file that does not compile and is removed is a change", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { run, write, mirror, made } = await place(t, "out: $(wildcard *.txt)\n\t! grep bad $^\n\tcat $^ >out\n");
  const memory = nothingKnown();
  await run(memory);
  await write({ "native/b.txt": "bad" });
  await assert.rejects(run(memory), BuildFailure);
  await rm(join(mirror, "native/b.txt"));
  assert.equal(await run(memory), true);
  assert.equal(await made(), "a");
});

for (const stored of ["null", "3", '"x"', "[]", "{", "", '{"files":null,"how":""}', '{"files":{"a.txt":1},"how":""}']) {
  test(`a mirror whose stamp contains ${stored || "nothing"} is built again`, async (t) => {
    if (!needs(t, lacks("make"))) return;
    const { mirror, run } = await place(t);
    await run();
    await writeFile(join(mirror, BUILD_STAMPS, "native"), stored);
    assert.equal(await run(), true);
    assert.equal(await run(), false);
  });
}

test("gcc's errors have file, line and column, relative to the project", async (t) => {
  if (!needs(t, lacks("make", "gcc"))) return;
  const { run, write, printed } = await place(t, "out: a.c\n\tgcc -Wall -o $@ a.c\n");
  await write({ "native/a.c": "int main(void) {\n\tint x;\n\treturn y;\n}\n" });
  await assert.rejects(run(), (error) => {
    assert.ok(error instanceof BuildFailure);
    assert.equal(error.message, "native does not compile: 1 error");
    return true;
  });
  const found = printed.flatMap(({ found }) =>
    found ? [`${found.file}:${found.line}:${found.column} ${found.severity}`] : [],
  );
  assert.deepEqual(found, ["native/a.c:3:16 error", "native/a.c:3:16 note", "native/a.c:2:13 warning"]);
});

test("a missing compiler is reported with the remedy", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { run } = await place(t, "out: a.txt\n\tgcc-of-another-machine a.txt\n");
  await assert.rejects(run(), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.message, "box has no gcc-of-another-machine, which compiling needs");
    assert.equal(error.remedy, "install it there");
    return true;
  });
});

test("aborting a build ends make, of which no more is heard, and the next one builds the same sources", async (t) => {
  if (!needs(t, lacks("make"))) return;
  const { run, write } = await place(t, "out: a.txt\n\t@echo begun $$$$; sleep 600\n");
  const abort = new AbortController();
  const memory = nothingKnown();
  let pid = 0;
  const onLine = (text: string) => {
    assert.ok(!abort.signal.aborted, text);
    const begun = /^begun (\d+)$/.exec(text)?.[1];
    if (begun === undefined) return;
    pid = Number(begun);
    abort.abort(new Error("newer"));
  };
  await assert.rejects(run(memory, onLine, abort.signal), { message: "newer" });
  await gone(pid);
  await write({ "native/Makefile": MAKEFILE });
  assert.equal(await run(memory), true);
});
