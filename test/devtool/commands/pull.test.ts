import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { pathsOf } from "../../../devtool/commands/pull.ts";
import { needs } from "../../rig/host.ts";
import { gone } from "../../rig/processes.ts";
import { startSshd } from "../../rig/sshd.ts";
import { assertDocumented } from "../report/examples.ts";
import { DEVTOOL, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

const CONFIG = { build: [{ command: ["sh", "-c", "mkdir -p out; tr a-z A-Z <in >out/made; chmod 755 out/made"] }] };

async function project(t: TestContext, config: object = {}): Promise<Project> {
  const made = await makeProject(t, {
    "devtool.config.json": JSON.stringify({ ...CONFIG, sync: { exclude: ["/out/"] }, ...config }),
    in: "made there\n",
    "sub/x": "",
  });
  for (const path of ["devtool.config.ts", "native"]) await rm(join(made.root, path), { recursive: true });
  return made;
}

test("what was built there is brought back over SSH, named from the folder one is in, and reported as an event", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const made = await project(t);
  const sshd = await startSshd(t);
  const flags = ["--ssh-config", sshd.configFile, "--target", sshd.host];
  const devtool = (...args: string[]) => startDevtool(t, { ...made, root: join(made.root, "sub") }, args).ended;
  assert.equal((await devtool("build", ...flags)).code, 0);
  const dry = await devtool("pull", ...flags, "--dry-run", "../out");
  assert.equal(dry.stdout.toString(), "bring out/made\n", dry.stderr);
  assert.ok(!existsSync(join(made.root, "out")));
  const { code, stdout, stderr } = await devtool("pull", ...flags, "--json", "../out");
  assert.equal(code, 0, stderr);
  assert.equal(readFileSync(join(made.root, "out/made"), "utf8"), "MADE THERE\n");
  const events = stdout
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string });
  for (const event of events) assertDocumented(event);
  assert.ok(events.some(({ event }) => event === "pulled"));
  writeFileSync(join(made.root, "out/made"), "edited\n");
  const refused = await devtool("pull", ...flags, "../out");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^devtool: newer here, so not replaced: out\/made\ndevtool: {3}--force replaces them$/m);
});

test("a pull that is killed leaves the old file, and the next one removes what it left", async (t) => {
  if (!needs(t, lacks("rsync", "mkfifo"))) return;
  const made = await project(t);
  const fifo = join(made.home, "fifo");
  execFileSync("mkfifo", [fifo]);
  const program = join(made.home, "stuck");
  writeFileSync(
    program,
    `#!/bin/sh
rsync "$@" | (dd status=none bs=64k iflag=count_bytes count=200000; [ "$(head -c 1 | wc -c)" = 0 ] || echo stuck >${fifo}; exec cat >/dev/null)
`,
  );
  chmodSync(program, 0o755);
  const devtool = (config: object, ...args: string[]) => {
    writeFileSync(join(made.root, "devtool.config.json"), JSON.stringify(config));
    return startDevtool(t, made, [...args, "--target", "box", "out"]);
  };
  const here = { targets: { box: { kind: "local" } } };
  const mirror = await mirrorOf(t, made);
  mkdirSync(join(mirror, "out"));
  writeFileSync(join(mirror, "out/large"), "x".repeat(1_000_000));
  mkdirSync(join(made.root, "out"));
  const stuck = devtool({ targets: { box: { kind: "local", rsync: program } } }, "pull", "--force");
  const told = await open(fifo);
  assert.equal((await told.readFile("utf8")).trim(), "stuck");
  await told.close();
  stuck.child.kill("SIGKILL");
  await gone(stuck.child.pid ?? 0);
  assert.deepEqual(readdirSync(join(made.root, "out")), []);
  assert.ok(existsSync(join(made.root, ".devtool-pull")));
  assert.equal((await devtool(here, "pull").ended).code, 0);
  assert.deepEqual(readdirSync(join(made.root, "out")), ["large"]);
  assert.ok(!existsSync(join(made.root, ".devtool-pull")));
});

test("what was asked for and can't be brought ends pull with 1 and is named with why; the rest is brought", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const made = await project(t);
  const mirror = await mirrorOf(t, made);
  for (const folder of ["out", "dist"]) mkdirSync(join(mirror, folder));
  for (const file of ["out/made", "dist/made"]) writeFileSync(join(mirror, file), "");
  symlinkSync("/etc", join(mirror, "etc"));
  writeFileSync(join(made.root, "out"), "a file of one's own");
  const pull = (...args: string[]) => startDevtool(t, made, ["pull", "--target", "local", ...args]).ended;
  for (const asked of [["out"], ["--dry-run", "out"], ["--force", "out", "dist"]]) {
    const { code, stderr } = await pull(...asked);
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /^devtool: not brought: out: a file is in the folder's place\ndevtool: {3}mend what is named/m,
    );
  }
  assert.deepEqual(readdirSync(join(made.root, "dist")), ["made"]);
  const { stderr } = await pull("etc");
  assert.match(stderr, /^devtool: not brought: etc: it is a symbolic link that leads out of the project$/m);
});

test("where the disk here is full, pull says so, and leaves what it has brought", async (t) => {
  const mounts = spawnSync("unshare", ["--mount", "true"]).status === 0;
  if (!needs(t, lacks("rsync") ?? (mounts ? undefined : "mount namespaces"))) return;
  const made = await project(t);
  const mirror = await mirrorOf(t, made);
  mkdirSync(join(mirror, "out"));
  writeFileSync(join(mirror, "out/large"), "x".repeat(3_000_000));
  const onSmall = `cp "$0/devtool.config.json" "$0/.." && mount -t tmpfs -o size=1m none "$0" && cp "$0/../devtool.config.json" "$0" &&
    cd "$0" && exec "$@"`;
  const argv = ["--mount", "--propagation", "private", "sh", "-c", onSmall, made.root, ...DEVTOOL, "pull", "out"];
  const env = { ...process.env, HOME: made.home, XDG_CACHE_HOME: join(made.home, "cache") };
  const { status, stderr } = spawnSync("unshare", [...argv, "--target", "local"], { env, encoding: "utf8" });
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^devtool: can't write \.devtool-pull here: no space left on the device \(ENOSPC\)$/m);
});

test("pull does not take a link for its own folder, in which it removes what pulls left that were killed", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const made = await project(t);
  const mirror = await mirrorOf(t, made);
  mkdirSync(join(mirror, "out"));
  writeFileSync(join(mirror, "out/made"), "");
  const outside = join(made.home, "outside");
  mkdirSync(join(outside, "own"), { recursive: true });
  symlinkSync(outside, join(made.root, ".devtool-pull"));
  const { code, stderr } = await startDevtool(t, made, ["pull", "--target", "local", "out"]).ended;
  assert.equal(code, 1);
  assert.match(
    stderr,
    /\.devtool-pull is a symbolic link, and pull keeps its own files there\ndevtool: {3}remove the link$/m,
  );
  assert.deepEqual(readdirSync(outside), ["own"]);
});

async function mirrorOf(t: TestContext, made: Project): Promise<string> {
  const sync = startDevtool(t, made, ["sync", "--json", "--target", "local"]);
  return (await sync.next("synced")).mirror;
}

test("a pattern brings what matches it in the mirror, where nothing is called so, and nothing twice", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const made = await project(t);
  const mirror = await mirrorOf(t, made);
  for (const folder of ["out", "dist"]) mkdirSync(join(mirror, folder));
  for (const file of ["out/a b.o", "out/c.o", "out/c.d", "dist/[id].js", "dist/i.js"])
    writeFileSync(join(mirror, file), "");
  const pull = (...args: string[]) => startDevtool(t, made, ["pull", "--target", "local", ...args]).ended;
  const { code, stdout, stderr } = await pull("--dry-run", "out/*.o", "o?t/c.[!d]", "dist/[id].js");
  assert.deepEqual([code, stdout.toString()], [0, "bring dist/[id].js\nbring out/a b.o\nbring out/c.o\n"], stderr);
  assert.equal((await pull("*", "out/c.d")).code, 0);
  assert.deepEqual(readdirSync(join(made.root, "out")), ["a b.o", "c.d", "c.o"]);
  const none = await pull("out/*.so");
  assert.equal(none.code, 2);
  assert.match(none.stderr, /^devtool: out\/\*\.so: not in the mirror$/m);
});

test("a pattern for what begins with a dot, and one that also matches a name that is not UTF-8", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const made = await project(t);
  const mirror = await mirrorOf(t, made);
  mkdirSync(join(mirror, "out"));
  for (const file of [".env.made", "out/.deps", "out/n"]) writeFileSync(join(mirror, file), "");
  writeFileSync(Buffer.concat([Buffer.from(`${mirror}/out/n`), Buffer.from([0xff])]), "");
  const pull = (...args: string[]) => startDevtool(t, made, ["pull", "--target", "local", "--dry-run", ...args]).ended;
  const dots = await pull(".*", "out/.*", "src/.*");
  assert.equal(dots.code, 2);
  assert.match(dots.stderr, /^devtool: src\/\.\*: not in the mirror$/m);
  assert.equal((await pull(".*", "out/.*")).stdout.toString(), "bring .env.made\nbring out/.deps\n");
  const { code, stdout, stderr } = await pull("out/n*");
  assert.deepEqual([code, stdout.toString()], [1, "bring out/n\n"]);
  assert.match(
    stderr,
    /^devtool: not brought: out\/n\uFFFD: its name is not UTF-8, so that it comes only with its folder$/m,
  );
});

test("a path is one of the project's, wherever it is named from", () => {
  assert.deepEqual(pathsOf(["b/", "./b/*.c", "../d"], "/p", "/p/a"), ["a/b", "a/b/*.c", "d"]);
  for (const [word, message] of [
    ["../..", /is not in the project/],
    ["/etc/passwd", /is not in the project/],
    ["..", /is the whole project/],
    ["../.git/hooks", /\.git is never brought back/],
  ] as const)
    assert.throws(() => pathsOf([word], "/p", "/p/a"), { message, exitCode: 2 });
  assert.throws(() => pathsOf([], "/p", "/p"), { exitCode: 2 });
});
