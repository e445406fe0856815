import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Event } from "../../../devtool/report/events.ts";
import { needs } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";

const TOOLS = ["gcc", "make", "rsync", "sshd"];

test("doctor finds everything on a ready target, as text and as events", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const project = await makeProject(t);
  const sshd = await startSshd(t);
  const flags = ["--ssh-config", sshd.configFile, "--target", sshd.host];
  const text = await startDevtool(t, project, ["doctor", ...flags]).ended;
  assert.equal(text.code, 0, text.stdout.toString());
  assert.match(text.stdout.toString(), /^ok +rig: rsync \(rsync +version \d/m);
  const { code, stdout } = await startDevtool(t, project, ["doctor", "--json", ...flags]).ended;
  const checks = stdout
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
  assert.equal(code, 0);
  const names = checks.flatMap((check) =>
    check.event === "check" && check.where === "rig" && check.ok ? [check.name] : [],
  );
  for (const name of ["connection", "Linux", "Node.js 20.19 or newer", "gcc", "make", "rsync", "throughput", "clock"])
    assert.ok(names.includes(name), name);
  const watcher = checks.find((check) => check.event === "check" && check.name === "watcher");
  assert.ok(
    watcher?.event === "check" && watcher.ok && /^an event [\d.]+ ms after the write$/.test(watcher.found ?? ""),
  );
  assert.ok(!existsSync(join(project.root, ".devtool-pull")));
  assert.match(text.stdout.toString(), /^ok +rig: round trip \([\d.]+ ms\)$/m);
});

test("doctor reports what is missing on a target, each with its remedy, and exits with 1", async (t) => {
  if (!needs(t, lacks(...TOOLS, "unshare", "mount"))) return;
  const project = await makeProject(t);
  // A machine that lacks two programs: they are hidden in a mount namespace.
  const hide =
    'for p in make rsync; do for d in /usr/bin /usr/local/bin; do [ ! -e $d/$p ] || mount --bind /dev/null $d/$p; done; done; exec "$@"';
  const sshd = await startSshd(t, { prefix: ["unshare", "--mount", "sh", "-c", hide, "sh"] });
  const flags = ["--ssh-config", sshd.configFile, "--target", sshd.host];
  const { code, stdout } = await startDevtool(t, project, ["doctor", ...flags]).ended;
  assert.equal(code, 1);
  for (const name of ["make", "rsync"]) {
    assert.match(
      stdout.toString(),
      new RegExp(
        `^MISSING rig: ${name}\\n +install it there: devtool provision --target rig \\(Debian and Ubuntu\\)$`,
        "m",
      ),
    );
  }
  const run = await startDevtool(t, project, ["run", ...flags]).ended;
  assert.equal(run.code, 2);
  assert.match(run.stderr, /rsync/);
  assert.match(run.stderr, /devtool provision|install/);
});

test("a missing compiler is reported when it is needed, with the target and the remedy", async (t) => {
  if (!needs(t, lacks(...TOOLS, "unshare", "mount"))) return;
  const project = await makeProject(t);
  const hide = 'mount --bind /dev/null "$(readlink -f "$(command -v gcc)")"; exec "$@"';
  const sshd = await startSshd(t, { prefix: ["unshare", "--mount", "sh", "-c", hide, "sh"] });
  const flags = ["--ssh-config", sshd.configFile, "--target", sshd.host];
  const { code, stderr } = await startDevtool(t, project, ["build", ...flags]).ended;
  assert.equal(code, 2, stderr);
  assert.match(stderr, /^devtool: rig has no gcc, which compiling needs$/m);
  assert.match(stderr, /devtool provision --target rig/);
});

test("doctor says what is wrong with a target's disk, clock and kernel, and what to do about it", async (t) => {
  if (!needs(t, lacks(...TOOLS, "unshare", "mount"))) return;
  const project = await makeProject(t);
  await rm(join(project.root, "devtool.config.ts"));
  const small = join(project.home, "small");
  const locked = join(project.home, "locked");
  // In a mount namespace: a small disk, a read-only one, a clock that stands still, and no user namespaces.
  const spoil = `d=$(mktemp -d); mount -t tmpfs none $d; printf '#!/bin/sh\\necho 1000000000.5\\n' >$d/date; printf '#!/bin/sh\\nexit 1\\n' >$d/unshare
for p in date unshare; do chmod +x $d/$p; mount --bind $d/$p "$(readlink -f "$(command -v $p)")"; done
umount -l $d; rmdir $d; mkdir ${small}; mount -t tmpfs -o size=16m,nr_inodes=500 none ${small}; mkdir ${locked}; mount -t tmpfs -o ro none ${locked}; exec "$@"`;
  const sshd = await startSshd(t, { prefix: ["unshare", "--mount", "sh", "-c", spoil, "sh"] });
  const { host, configFile } = sshd;
  const on = (folder: string) => ({ kind: "ssh", host, configFile, mirror: join(folder, "mirrors") });
  const config = { run: ["tinydocker", "run"], target: "rig", targets: { rig: on(small), locked: on(locked) } };
  await project.write({ "devtool.config.json": JSON.stringify(config) });
  const { stdout } = await startDevtool(t, project, ["doctor"]).ended;
  const said = stdout.toString();
  assert.match(
    said,
    /^missing rig: disk \(1\d MB free, 4\d\d more files, in \/.*\)\n +free some of it: devtool clean --old/m,
  );
  assert.match(said, /^missing rig: clock \(\d+\.\d s behind this machine's\)\n +make compares times of files/m);
  assert.match(said, /^missing rig: user namespaces of its login user\n +.*sudo sysctl/m);
  const other = await startDevtool(t, project, ["doctor", "--target", "locked"]).ended;
  assert.match(
    other.stdout.toString(),
    /^MISSING locked: disk \(.* free.*, in \/.*locked, read-only\)\n +mount its file system there for writing, or name/m,
  );
  for (const name of ["overlay file system", "namespaces", "cgroup version", "nf_tables"])
    assert.match(said, new RegExp(`^(ok|missing) +rig: ${name}`, "m"));
});

test("doctor asks of a target only what the project needs", async (t) => {
  if (!needs(t, lacks("rsync"))) return;
  const checked = async (config: object, files: Readonly<Record<string, string>> = {}) => {
    const project = await makeProject(t, { "devtool.config.json": JSON.stringify(config), ...files });
    await rm(join(project.root, "devtool.config.ts"));
    const { stdout } = await startDevtool(t, project, ["doctor", "--target", "local"]).ended;
    return [...stdout.toString().matchAll(/^(?:ok|MISSING|missing) +local: ([^(\n]*[^ (\n])/gm)].map(
      ([, name]) => name,
    );
  };
  const always = ["connection", "Linux", "rsync"];
  const then = ["root, or sudo without a password", "disk", "round trip", "throughput", "clock"];
  assert.deepEqual(await checked({ run: ["python3", "main.py"] }), [...always, "python3", ...then]);
  const step = { command: ["nosuch", "x"] };
  assert.deepEqual(await checked({ build: [step], run: ["./a"] }), [...always, "nosuch", ...then]);
  const cxx = await checked({ build: ["cmake"], run: ["./a"] }, { "CMakeLists.txt": "project(app CXX)" });
  assert.deepEqual(cxx, [...always, "cmake", "make", "g++", "the C library's headers", ...then]);
  assert.deepEqual(await checked({ run: ["tinydocker", "run"] }), [
    ...always,
    "tinydocker",
    ...then,
    "overlay file system",
    "namespaces",
    "user namespaces of its login user",
    "cgroup version",
    "nf_tables",
  ]);
});

test("doctor reports a target that can't be reached", async (t) => {
  const project = await makeProject(t);
  const { code, stdout } = await startDevtool(t, project, ["doctor", "--target", "127.0.0.1:1"]).ended;
  assert.equal(code, 1);
  assert.match(stdout.toString(), /^MISSING 127\.0\.0\.1:1: connection \(127\.0\.0\.1:1 refused the connection/m);
});

test("status reports the target, the connection and the mirror; ssh runs in the mirror, and a line as ssh does", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const project = await makeProject(t);
  const sshd = await startSshd(t);
  const flags = ["--ssh-config", sshd.configFile, "--target", sshd.host];
  const before = await startDevtool(t, project, ["status", ...flags]).ended;
  assert.match(before.stdout.toString(), /^mirror: +\/.*project-[0-9a-f]{8} \(not created yet\)$/m);
  const early = await startDevtool(t, project, ["ssh", ...flags, "true"]).ended;
  assert.match(early.stderr.toString(), /^devtool: the mirror is not there yet, so this is the home directory/m);
  assert.equal((await startDevtool(t, project, ["sync", ...flags]).ended).code, 0);
  const after = await startDevtool(t, project, ["status", ...flags]).ended;
  const mirror = /^mirror: +(\/\S+)$/m.exec(after.stdout.toString())?.[1];
  assert.ok(mirror);
  assert.match(after.stdout.toString(), /^target: +rig \(ssh\)$/m);
  const ssh = startDevtool(t, project, ["ssh", ...flags, "sh", "-c", "pwd; ls; exit 5"]);
  ssh.child.stdin?.end();
  const { code, stdout } = await ssh.ended;
  assert.equal(code, 5);
  assert.equal(stdout.toString(), `${mirror}\nnative\n`);
  const line = await startDevtool(t, project, ["ssh", ...flags, "pwd; ls | tr a-z A-Z"]).ended;
  assert.equal(line.stdout.toString(), `${mirror}\nNATIVE\n`);
});

test("ssh works where the home on the target is reached through a link", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const project = await makeProject(t);
  const [real, link] = [join(project.home, "real"), join(project.home, "link")];
  await mkdir(real);
  await symlink(real, link);
  const sshd = await startSshd(t, { home: link });
  const { code, stdout, stderr } = await startDevtool(t, project, [
    "ssh",
    ...["--ssh-config", sshd.configFile, "--target", sshd.host],
    ...["pwd", "-P"],
  ]).ended;
  assert.deepEqual([code, stdout.toString()], [0, `${real}\n`], stderr);
});

test("provision runs the project's script on the target, and reports its failure", async (t) => {
  if (!needs(t, lacks(...TOOLS))) return;
  const project = await makeProject(t, {
    "vagrant/provision.sh":
      'cat >/dev/null </dev/null; [ -z "$PROVISION_PROGRESS" ] || echo "pmstatus:gcc:35.7143:Unpacking gcc (amd64)"; echo made ready; id -u >&2\n',
  });
  const sshd = await startSshd(t);
  const flags = ["--ssh-config", sshd.configFile, "--target", sshd.host];
  const events = startDevtool(t, project, ["provision", "--json", ...flags]);
  const { stage, ...progress } = await events.next("progress");
  assert.equal(stage, "provision");
  assert.ok("percent" in progress && progress.percent === 35.7143 && progress.text === "Unpacking gcc (amd64)");
  assert.deepEqual([(await events.next("log")).text, (await events.next("log")).text].sort(), ["0", "made ready"]);
  const good = await startDevtool(t, project, ["provision", ...flags]).ended;
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stderr, /^made ready$/m);
  await project.write({ "vagrant/provision.sh": "exit 3\n" });
  const bad = await startDevtool(t, project, ["run", "--provision", ...flags]).ended;
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /provisioning rig failed \(exit code 3\)/);
});

test("programs that a target's settings name and that are not there, or not Node.js, are named by run, which does nothing then, and by doctor", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const sshd = await startSshd(t);
  const box = { kind: "ssh", host: sshd.host, configFile: sshd.configFile };
  const wrong = { shell: "/none/zsh", node: "~/none/node", rsync: "/etc/passwd" };
  const targets = {
    box: { ...box, ...wrong },
    cat: { ...box, node: "/bin/cat" },
    right: { ...box, shell: "/bin/sh", node: process.execPath },
  };
  const config = { targets, target: "box", run: ["echo", "ran"] };
  const project = await makeProject(t, { "devtool.config.json": JSON.stringify(config) });
  await rm(join(project.root, "devtool.config.ts"));
  const run = await startDevtool(t, project, ["run", "--json"]).ended;
  const failed = JSON.parse(run.stdout.toString().trim().split("\n").at(-1) ?? "");
  assert.deepEqual([run.code, failed.code, failed.target], [2, "config-invalid", "box"]);
  const each = ["`node`, ~/none/node", "`shell`, /none/zsh", "`rsync`, /etc/passwd"];
  const words = each.map((one) => `${one}, is not an executable file there`).join("; ");
  assert.equal(failed.message, `the settings of box name wrong programs: ${words}`);
  assert.match(failed.remedy, /^correct the path in the target's settings, or leave it out/);
  assert.ok(!existsSync(join(sshd.home, ".cache/devtool/mirrors")));
  const { code, stdout } = await startDevtool(t, project, ["doctor"]).ended;
  assert.equal(code, 1);
  for (const what of each)
    assert.ok(stdout.toString().includes(`MISSING box: ${what}\n          correct the path in`), stdout.toString());
  const cat = await startDevtool(t, project, ["run", "--target", "cat"]).ended;
  assert.equal(cat.code, 2);
  // Nothing of a missing Node.js comes before it.
  assert.match(
    cat.stderr,
    /^devtool: the settings of cat name wrong programs: `node`, \/bin\/cat, is not Node\.js\n.*\n$/,
  );
  const right = await startDevtool(t, project, ["run", "--target", "right"]).ended;
  assert.deepEqual([right.code, right.stdout.toString()], [0, "ran\n"], right.stderr);
});
