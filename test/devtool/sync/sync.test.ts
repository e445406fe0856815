import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Failure } from "../../../devtool/failure.ts";
import { createFilter } from "../../../devtool/ignore/filter.ts";
import type { Connection } from "../../../devtool/targets/target.ts";
import { temporaryDirectory } from "../../rig/host.ts";
import { localConnection, type Places, places, snapshot, syncHere } from "./rig.ts";

async function project(context: TestContext): Promise<Places> {
  const here = places(await temporaryDirectory(context));
  mkdirSync(join(here.root, "src/deep"), { recursive: true });
  writeFileSync(join(here.root, "src/main.ts"), "main\n");
  writeFileSync(join(here.root, "src/deep/part.ts"), "part\n");
  writeFileSync(join(here.root, "run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  return here;
}

const NO_TARGET: Connection = {
  ...localConnection(),
  exec: () => Promise.reject(new Error("nothing should be started")),
};

function refused(words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.match(error.message, words);
    assert.equal(error.exitCode, 2);
    return true;
  };
}

test("a mirror is created with its parents, and the report counts what was sent", async (context) => {
  const here = await project(context);
  const deep = { root: here.root, mirror: join(here.mirror, "in/new/places") };
  const report = await syncHere(deep);
  assert.deepEqual(snapshot(deep.mirror), snapshot(here.root));
  assert.equal(report.mirror, deep.mirror);
  assert.equal(report.files, 3);
  assert.equal(report.deleted, 0);
  assert.equal(report.bytesTotal, 20);
  assert.ok(report.bytesSent > 20);
  assert.deepEqual(report.notices, []);
});

test("a path with blanks, quotes, wildcards and backslashes can be a mirror", async (context) => {
  const here = await project(context);
  const odd = { root: here.root, mirror: join(here.mirror, "a b 'c' \"d\" * [e] \\f $HOME ~") };
  await syncHere(odd);
  assert.deepEqual(snapshot(odd.mirror), snapshot(here.root));
});

test("a round with nothing to do sends no content", async (context) => {
  const here = await project(context);
  await syncHere(here);
  const report = await syncHere(here);
  assert.equal(report.files, 0);
  assert.equal(report.deleted, 0);
});

test("an edit within the same second and of the same length is seen", async (context) => {
  const here = await project(context);
  const path = join(here.root, "src/main.ts");
  utimesSync(path, 1_700_000_000.25, 1_700_000_000.25);
  await syncHere(here);
  writeFileSync(path, "MAIN\n");
  utimesSync(path, 1_700_000_000.5, 1_700_000_000.5);
  await syncHere(here);
  assert.equal(readFileSync(join(here.mirror, "src/main.ts"), "utf8"), "MAIN\n");
});

test("one changed line in a 200 kB file costs no more than a tenth above what C rsync sends", async (context) => {
  const here = await project(context);
  const path = join(here.root, "src/big.ts");
  const lines = Array.from({ length: 6000 }, (_, i) => `export const line${i} = ${i * 7919};`);
  writeFileSync(path, lines.join("\n"));
  await syncHere(here);
  const oracle = `${here.mirror}-of-rsync`;
  cpSync(here.mirror, oracle, { recursive: true, preserveTimestamps: true });
  lines[3000] = "export const changed = true;";
  writeFileSync(path, lines.join("\n"));
  const { bytesSent } = await syncHere(here);
  const watched = await syncHere({ ...here, changed: ["src/big.ts"] });
  const theirs = spawnSync("rsync", ["-a", "--delete", "--no-whole-file", "--stats", `${here.root}/`, `${oracle}/`]);
  const sent = Number(/Total bytes sent: ([\d,]+)/.exec(theirs.stdout.toString())?.[1]?.replaceAll(",", ""));
  assert.ok(bytesSent <= 1.1 * sent, `${bytesSent} bytes, C rsync ${sent}`);
  assert.ok(watched.bytesSent <= 1.1 * sent, `${watched.bytesSent} bytes in a watch round, C rsync ${sent}`);
});

test("a file above 4 GB is listed with its true size", async (context) => {
  const here = await project(context);
  mkdirSync(join(here.mirror, "src"), { recursive: true });
  for (const directory of [here.root, here.mirror]) {
    const path = join(directory, "huge");
    writeFileSync(path, "");
    truncateSync(path, 5_000_000_000);
    utimesSync(path, 1_700_000_000, 1_700_000_000);
  }
  const report = await syncHere(here);
  assert.equal(report.files, 3, "the mirror's huge file was the same");
  assert.equal(report.bytesTotal, 5_000_000_020);
});

test("a missing, empty or wholly excluded project is refused and the mirror stays", async (context) => {
  const here = await project(context);
  await syncHere(here);
  const before = snapshot(here.mirror);
  await assert.rejects(syncHere({ ...here, filter: createFilter({ exclude: ["*"] }) }), refused(/nothing to sync/));
  await assert.rejects(
    syncHere({ ...here, root: join(here.root, "run.sh") }),
    refused(/can't be read|not a directory/),
  );
  renameSync(here.root, `${here.root}-moved`);
  await assert.rejects(
    syncHere(here),
    refused(/can't be read: no such file or directory; its mirror is left unchanged/),
  );
  await assert.rejects(syncHere({ ...here, changed: ["src/main.ts"] }), refused(/can't be read/));
  mkdirSync(here.root);
  await assert.rejects(syncHere(here), refused(/nothing to sync/));
  assert.deepEqual(snapshot(here.mirror), before);
});

test("a mirror close to the root of the file system is refused", async (context) => {
  const here = await project(context);
  for (const mirror of ["/", "", "relative", "/home", "/home/../etc/x", "//home/."]) {
    await assert.rejects(syncHere({ ...here, mirror }, NO_TARGET), refused(/can't be a mirror/));
  }
});

test("what the target built in excluded places survives full rounds and watch rounds", async (context) => {
  const here = await project(context);
  const filter = createFilter({ exclude: ["/native/build/", "*.o"] });
  mkdirSync(join(here.root, "native"));
  writeFileSync(join(here.root, "native/shim.c"), "int main;\n");
  await syncHere({ ...here, filter });
  mkdirSync(join(here.mirror, "native/build/obj"), { recursive: true });
  writeFileSync(join(here.mirror, "native/build/obj/shim"), "built");
  writeFileSync(join(here.mirror, "src/main.o"), "built");
  writeFileSync(join(here.mirror, "native/stray"), "not ours");
  await syncHere({ ...here, filter });
  assert.ok(!existsSync(join(here.mirror, "native/stray")));
  rmSync(join(here.root, "native"), { recursive: true });
  rmSync(join(here.root, "src"), { recursive: true });
  const watched = await syncHere({
    ...here,
    filter,
    changed: ["native", "native/shim.c", "native/build", "src/main.ts"],
  });
  assert.ok(watched.deleted > 0);
  await syncHere({ ...here, filter });
  assert.equal(readFileSync(join(here.mirror, "native/build/obj/shim"), "utf8"), "built");
  assert.equal(readFileSync(join(here.mirror, "src/main.o"), "utf8"), "built");
  assert.ok(!existsSync(join(here.mirror, "native/shim.c")));
  assert.ok(!existsSync(join(here.mirror, "src/main.ts")));
});

test("includes select, and parent directories are created only when something is in them", async (context) => {
  const here = await project(context);
  mkdirSync(join(here.root, "native/notes"), { recursive: true });
  writeFileSync(join(here.root, "native/shim.c"), "c\n");
  writeFileSync(join(here.root, "native/notes/todo"), "no\n");
  mkdirSync(join(here.mirror, "native/build"), { recursive: true });
  mkdirSync(join(here.mirror, "elsewhere"), { recursive: true });
  writeFileSync(join(here.mirror, "native/build/shim.o"), "o\n");
  const filter = createFilter({ include: ["/native/*.c", "src/deep"] });
  await syncHere({ ...here, filter });
  const paths = Object.keys(snapshot(here.mirror)).sort();
  assert.deepEqual(paths, [
    "",
    "elsewhere",
    "native",
    "native/build",
    "native/build/shim.o",
    "native/shim.c",
    "src",
    "src/deep",
    "src/deep/part.ts",
  ]);
});

test("a watch round sends what changed and deletes what vanished, and nothing else", async (context) => {
  const here = await project(context);
  await syncHere(here);
  mkdirSync(join(here.mirror, "other"));
  writeFileSync(join(here.mirror, "other/extra"), "left alone");
  writeFileSync(join(here.root, "src/main.ts"), "changed\n");
  writeFileSync(join(here.root, "run.sh"), "not in this round\n");
  rmSync(join(here.root, "src/deep"), { recursive: true });
  const report = await syncHere({ ...here, changed: ["src/main.ts", "src/deep/part.ts"] });
  assert.equal(report.files, 1);
  assert.equal(report.deleted, 2);
  assert.equal(readFileSync(join(here.mirror, "src/main.ts"), "utf8"), "changed\n");
  assert.ok(!existsSync(join(here.mirror, "src/deep")));
  assert.ok(existsSync(join(here.mirror, "other/extra")));
  assert.equal(readFileSync(join(here.mirror, "run.sh"), "utf8"), "#!/bin/sh\n");
});

test("a watch round deletes what vanished from a directory that is only a parent", async (context) => {
  const here = await project(context);
  const filter = createFilter({ include: ["/src/*.ts"] });
  await syncHere({ ...here, filter });
  mkdirSync(join(here.mirror, "src/build"));
  rmSync(join(here.root, "src/main.ts"));
  writeFileSync(join(here.root, "src/other.txt"), "");
  await syncHere({ ...here, filter, changed: ["src/main.ts"] });
  assert.deepEqual(Object.keys(snapshot(here.mirror)).sort(), ["", "src", "src/build"]);
});

test("a watch round that finds the project emptied is refused", async (context) => {
  const here = await project(context);
  await syncHere(here);
  const before = snapshot(here.mirror);
  for (const name of ["src", "run.sh"]) rmSync(join(here.root, name), { recursive: true });
  await assert.rejects(
    syncHere({ ...here, changed: ["run.sh", "src/main.ts"] }, NO_TARGET),
    refused(/nothing to sync/),
  );
  assert.deepEqual(snapshot(here.mirror), before);
});

test("a watch round sends a changed file even when its time and size are as before", async (context) => {
  const here = await project(context);
  const path = join(here.root, "src/main.ts");
  utimesSync(path, 1, 1);
  await syncHere(here);
  writeFileSync(path, "MAIN\n");
  utimesSync(path, 1, 1);
  await syncHere({ ...here, changed: ["src/main.ts"] });
  assert.equal(readFileSync(join(here.mirror, "src/main.ts"), "utf8"), "MAIN\n");
});

test("so does one in which something vanished beside it, as where a new version is renamed over the old one", async (context) => {
  const here = await project(context);
  const [file, written] = [join(here.root, "src/main.ts"), join(here.root, "src/main.ts.new")];
  const write = (path: string, text: string) => {
    writeFileSync(path, text);
    utimesSync(path, 1, 1);
  };
  write(file, "main\n");
  write(written, "MAIN\n");
  await syncHere(here);
  renameSync(written, file);
  const report = await syncHere({ ...here, changed: ["src/main.ts.new", "src/main.ts"] });
  assert.deepEqual([report.files, report.deletedPaths, report.sentPaths], [1, ["src/main.ts.new"], ["src/main.ts"]]);
  assert.deepEqual(snapshot(here.mirror), snapshot(here.root));
});

test("a watch round of a directory mirrors all of it", async (context) => {
  const here = await project(context);
  await syncHere(here);
  writeFileSync(join(here.mirror, "src/deep/stray"), "");
  mkdirSync(join(here.root, "src/deep/copy"));
  writeFileSync(join(here.root, "src/deep/copy/main.ts"), "copied\n");
  await syncHere({ ...here, changed: ["src/deep/copy/main.ts", "src/deep"] });
  assert.deepEqual(snapshot(here.mirror), snapshot(here.root));
});

test("a watch round about excluded paths only starts nothing", async (context) => {
  const here = await project(context);
  mkdirSync(join(here.root, ".git"));
  writeFileSync(join(here.root, ".git/index"), "");
  writeFileSync(join(here.root, "a.log"), "");
  const filter = createFilter({ exclude: ["*.log"] });
  const report = await syncHere({ ...here, filter, changed: [".git/index", "a.log"] }, NO_TARGET);
  assert.equal(report.bytesSent, 0);
});

test("a changed path outside the project is refused", async (context) => {
  const here = await project(context);
  for (const path of ["../other", "src/../../other", "/etc/passwd"]) {
    await assert.rejects(syncHere({ ...here, changed: [path] }, NO_TARGET), refused(/not below the project/));
  }
});

test("a symlink is sent as a symlink and never followed, wherever it points", async (context) => {
  const here = await project(context);
  const outside = `${here.root}-outside`;
  mkdirSync(outside);
  writeFileSync(join(outside, "secret"), "secret");
  symlinkSync(outside, join(here.root, "out"));
  symlinkSync("src/main.ts", join(here.root, "in"));
  await syncHere(here);
  await syncHere({ ...here, changed: ["out/secret"] });
  assert.equal(readlinkSync(join(here.mirror, "out")), outside);
  assert.equal(readlinkSync(join(here.mirror, "in")), "src/main.ts");
  rmSync(join(here.root, "out"));
  await syncHere(here);
  assert.equal(readFileSync(join(outside, "secret"), "utf8"), "secret");
});

test("a symlink in the mirror is replaced, not written through", async (context) => {
  const here = await project(context);
  const outside = `${here.mirror}-outside`;
  mkdirSync(outside);
  mkdirSync(here.mirror);
  symlinkSync(outside, join(here.mirror, "src"));
  symlinkSync(join(outside, "file"), join(here.mirror, "run.sh"));
  await syncHere(here);
  assert.deepEqual(snapshot(here.mirror), snapshot(here.root));
  assert.deepEqual(Object.keys(snapshot(outside)), [""]);
});

test("sockets, pipes and devices are skipped with a notice", async (context) => {
  const here = await project(context);
  spawnSync("mkfifo", [join(here.root, "pipe")]);
  const report = await syncHere(here);
  assert.deepEqual(report.notices, ["pipe is neither file, directory nor symlink; skipped"]);
  assert.ok(!existsSync(join(here.mirror, "pipe")));
});

test("where the configuration lists what is executable, it decides the mode bits", async (context) => {
  const here = await project(context);
  chmodSync(join(here.root, "src/main.ts"), 0o600);
  await syncHere({ ...here, executable: (path) => path === "src/main.ts" });
  assert.equal(lstatSync(join(here.mirror, "src/main.ts")).mode & 0o777, 0o755);
  assert.equal(lstatSync(join(here.mirror, "run.sh")).mode & 0o777, 0o644);
  assert.equal(lstatSync(join(here.mirror, "src")).mode & 0o777, 0o755);
});

test("a file on the target is replaced, not rewritten, so that it stays readable while it is open", async (context) => {
  const here = await project(context);
  await syncHere(here);
  const before = statSync(join(here.mirror, "src/main.ts")).ino;
  writeFileSync(join(here.root, "src/main.ts"), "new\n");
  await syncHere({ ...here, changed: ["src/main.ts"] });
  assert.notEqual(statSync(join(here.mirror, "src/main.ts")).ino, before);
});

test("a directory that a file replaces keeps what is excluded in it, which is reported as an error", async (context) => {
  const here = await project(context);
  const filter = createFilter({ exclude: ["*.o"] });
  await syncHere({ ...here, filter });
  writeFileSync(join(here.mirror, "src/deep/part.o"), "built");
  rmSync(join(here.root, "src"), { recursive: true });
  writeFileSync(join(here.root, "src"), "now a file");
  await assert.rejects(
    syncHere({ ...here, filter }),
    (error) => error instanceof Failure && /could not make way/.test(error.message),
  );
  assert.equal(readFileSync(join(here.mirror, "src/deep/part.o"), "utf8"), "built");
});

test("a watch round deletes a file in whose place is a directory now that is excluded", async (context) => {
  const here = places(await temporaryDirectory(context));
  const filter = createFilter({ exclude: ["out/"] });
  writeFileSync(join(here.root, "a"), "");
  writeFileSync(join(here.root, "out"), "");
  await syncHere({ ...here, filter });
  rmSync(join(here.root, "out"));
  mkdirSync(join(here.root, "out"));
  await syncHere({ ...here, filter, changed: ["out"] });
  assert.deepEqual(readdirSync(here.mirror), ["a"]);
});
