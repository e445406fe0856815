import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import {
  appendFile,
  chmod,
  link,
  mkdir,
  open,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { watched } from "./rig.ts";

test("what was saved since a folder was read is reported when that folder begins to be watched", async (t) => {
  const { write, next, add } = await watched(t, { "src/a.ts": "1", "lib/a.ts": "1", "other/a.ts": "1" });
  await add(["lib"], 0);
  assert.deepEqual(await next(), ["lib/a.ts"]);
  await add(["other"], Date.now() + 60_000);
  await write("other/b.ts", "1");
  assert.deepEqual(await next(), ["other/b.ts"]);
});

test("a save is reported, and a file that was added or removed", async (t) => {
  const { root, write, reported, next } = await watched(t, { "src/a.ts": "1", "src/b.ts": "1" });
  await write("src/a.ts", "2");
  assert.deepEqual(await next(), ["src/a.ts"]);
  await write("src/new.ts", "1");
  await reported("src/new.ts");
  await rm(join(root, "src/b.ts"));
  await reported("src/b.ts");
});

test("of two saves within 50 ms the second is not lost", async (t) => {
  const { root, reported, next } = await watched(t, { "src/a.ts": "0" });
  for (let round = 1; round <= 5; round++) {
    await writeFile(join(root, "src/a.ts"), `${round} first`);
    await next();
    await writeFile(join(root, "src/a.ts"), `${round} second`);
    await reported("src/a.ts");
  }
});

test("a save of equal length within one tick of the clock is not lost", async (t) => {
  const { root, reported, next } = await watched(t, { "src/a.ts": "aa" });
  await writeFile(join(root, "src/a.ts"), "bb");
  await next();
  await writeFile(join(root, "src/a.ts"), "cc");
  await reported("src/a.ts");
});

test("a large file with other content of the same size is reported, whatever time it is given", async (t) => {
  const { root, next } = await watched(t, { "src/a.bin": "" });
  const file = join(root, "src/a.bin");
  for (const byte of [1, 2, 3]) {
    await writeFile(`${file}.ignored`, Buffer.alloc(2 * 1024 * 1024, byte));
    await utimes(`${file}.ignored`, 1, 1);
    await rename(`${file}.ignored`, file);
    assert.deepEqual(await next(), ["src/a.bin"]);
  }
  const opened = await open(file, "r+");
  await opened.write("other");
  await opened.utimes(1, 1);
  await opened.close();
  assert.deepEqual(await next(), ["src/a.bin"]);
});

test("a file with several names is reported by each, whichever it was written by", async (t) => {
  const { root, write, next, reported } = await watched(t, { "src/a.ts": "1", "src/deep/b.ts": "1" });
  await link(join(root, "src/a.ts"), join(root, "src/deep/a.ts"));
  await reported("src/deep/a.ts", "src/a.ts");
  for (const path of ["src/deep/a.ts", "src/a.ts", "src/deep/a.ts"]) {
    await write(path, `by ${path}`);
    await reported("src/a.ts", "src/deep/a.ts");
  }
  await write("src/deep/b.ts", "2");
  assert.deepEqual(await next(), ["src/deep/b.ts"]);
});

test("a file that is removed, created and removed again is reported each time", async (t) => {
  const { root, write, next, reported } = await watched(t, { "src/a.ts": "1" });
  await rm(join(root, "src/a.ts"));
  await next();
  await write("src/a.ts", "2");
  await reported("src/a.ts");
  await rm(join(root, "src/a.ts"));
  await reported("src/a.ts");
});

test("a file that is truncated and then written is reported once it is complete", async (t) => {
  const { root, reported } = await watched(t, { "src/a.ts": "before" });
  await truncate(join(root, "src/a.ts"));
  await reported("src/a.ts");
  await appendFile(join(root, "src/a.ts"), "after");
  await reported("src/a.ts");
});

test("a file renamed over another, as editors save, is reported", async (t) => {
  const { root, reported } = await watched(t, { "src/a.ts": "1" });
  for (const text of ["2", "3"]) {
    await writeFile(join(root, "src/.a.ts.tmp"), text);
    await rename(join(root, "src/.a.ts.tmp"), join(root, "src/a.ts"));
    await reported("src/a.ts");
  }
});

test("a renamed directory is reported by what was in it, under both names", async (t) => {
  const { root, reported } = await watched(t, { "src/one/deep/a.ts": "1", "src/one/b.ts": "1" });
  await rename(join(root, "src/one"), join(root, "src/two"));
  await reported("src/one/deep/a.ts", "src/one/b.ts", "src/two/deep/a.ts", "src/two/b.ts");
});

test("a folder that is removed and made anew is watched each time, though it may have the number of the old one", async (t) => {
  const { root, write, reported } = await watched(t, { "src/dist/a": "0" });
  for (const text of ["1", "2", "3", "4"]) {
    await rm(join(root, "src/dist"), { recursive: true });
    await write("src/dist/a", text);
    await reported("src/dist/a");
  }
});

test("a file that became a directory or a symbolic link is reported", async (t) => {
  const { root, reported, write } = await watched(t, { "src/a": "1", "src/b": "1" });
  await rm(join(root, "src/a"));
  await write("src/a/inner.ts", "1");
  await reported("src/a/inner.ts");
  await rm(join(root, "src/b"));
  await symlink("a/inner.ts", join(root, "src/b"));
  await reported("src/b");
});

test("a folder that takes the name of a file that does not matter is watched", async (t) => {
  const { root, write, reported } = await watched(t, { "src/a.ignored": "", "src/b.ignored": "", "src/c.ts": "" });
  await rm(join(root, "src/a.ignored"));
  await write("src/c.ts", "1");
  await reported("src/c.ts");
  await write("src/a.ignored/a.ts", "1");
  await reported("src/a.ignored/a.ts");
  await rm(join(root, "src/b.ignored"));
  await write("src/b.ignored/a.ts", "1");
  await reported("src/b.ignored/a.ts");
  await write("src/b.ignored/a.ts", "2");
  await reported("src/b.ignored/a.ts");
});

test("a file in a directory created after the start is reported", async (t) => {
  const { write, reported } = await watched(t, { "src/a.ts": "1" });
  await write("src/x/y/z.ts", "1");
  await reported("src/x/y/z.ts");
  await write("src/x/y/z.ts", "2");
  await reported("src/x/y/z.ts");
});

test("names that end in ~ or contain blanks or non-ASCII letters are reported", async (t) => {
  const { write, reported } = await watched(t, { "src/a~": "1", "src/größe 1.ts": "1" });
  await write("src/a~", "2");
  await reported("src/a~");
  await write("src/größe 1.ts", "2");
  await reported("src/größe 1.ts");
});

test("what does not matter is not reported, nor what is created and removed at once", async (t) => {
  const { root, write, next } = await watched(t, {
    "src/a.ts": "1",
    "src/node_modules/x.js": "1",
    "src/x.ignored": "1",
  });
  await write("src/x.ignored", "2");
  await write("src/node_modules/x.js", "2");
  writeFileSync(join(root, "src/4913"), "");
  rmSync(join(root, "src/4913"));
  await write("src/a.ts", "2");
  assert.deepEqual(await next(), ["src/a.ts"]);
});

for (const poll of [false, true]) {
  const how = poll ? "looking for them" : "events";
  test(`a folder that is ignored, such as by build/, is reported neither as it comes nor as it goes, by ${how}`, async (t) => {
    const { root, write, next, reported } = await watched(t, { "src/a.ts": "1", "src/x/node_modules/y": "1" }, poll);
    await mkdir(join(root, "src/node_modules"));
    await write("src/a.ts", "2");
    assert.deepEqual(await next(), ["src/a.ts"]);
    await rm(join(root, "src/node_modules"), { recursive: true });
    await write("src/a.ts", "3");
    assert.deepEqual(await next(), ["src/a.ts"]);
    await write("src/node_modules", "a file");
    await reported("src/node_modules");
    await rm(join(root, "src/node_modules"));
    await mkdir(join(root, "src/node_modules"));
    await reported("src/node_modules");
  });
}

test("very many changes at once are reported as a change of everything, and a later save by its name", async (t) => {
  const { root, write, next } = await watched(t, { "src/a.ts": "1" });
  // Whole at once: a file that is reported between its creation and its content is rightly reported again.
  await Promise.all(Array.from({ length: 500 }, (_, i) => write(`many/${i}.ts`, "1")));
  await rename(join(root, "many"), join(root, "src/many"));
  while ((await next()) !== null);
  await write("src/a.ts", "2");
  for (;;) {
    const paths = await next();
    if (paths !== null) return assert.deepEqual(paths, ["src/a.ts"]);
  }
});

test("what happens to the project's own folder makes nothing be watched twice, nor lets what is saved later go by", async (t) => {
  const { root, write, next, add } = await watched(t, { "src/a.ts": "1", "src/b.ts": "1" });
  await add(["."]);
  await chmod(root, 0o711);
  await rename(root, `${root}.away`);
  await rename(`${root}.away`, root);
  await write("src/a.ts", "2");
  const reported = new Set<string>();
  while (!reported.has("src/b.ts")) {
    for (const path of (await next()) ?? []) reported.add(path);
    if (reported.has("src/a.ts")) await write("src/b.ts", "2");
  }
  assert.deepEqual(
    [...reported].filter((path) => path.startsWith(".")),
    [],
  );
});
