import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { needs } from "../../rig/host.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { DEVTOOL, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

const run = promisify(execFile);

interface Place {
  readonly project: Project;
  readonly one: Sshd;
  readonly other: Sshd;
}

/** A project whose program says which of two targets it runs on, by the home there. */
async function twoTargets(t: TestContext, script: string): Promise<Place> {
  const [one, other] = [await startSshd(t), await startSshd(t)];
  const target = ({ host, configFile }: Sshd) => ({ kind: "ssh", host, configFile });
  const config = {
    run: ["sh", "main.sh"],
    targets: { one: target(one), "the-other": target(other) },
    target: ["one", "the-other"],
  };
  const project = await makeProject(t, { "devtool.config.json": JSON.stringify(config), "main.sh": script });
  await rm(join(project.root, "devtool.config.ts"));
  return { project, one, other };
}

test("several targets run side by side: whole lines behind their names, a table, and the worst exit code", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const { project, one } = await twoTargets(t, `printf 'from '; echo "$HOME"; [ "$HOME" = "$1" ] || exit 3\n`);
  const { code, stdout, stderr } = await startDevtool(t, project, ["run", one.home]).ended;
  assert.equal(code, 3, stderr);
  const lines = stdout.toString().trimEnd().split("\n").sort();
  assert.equal(lines[0], `one       | from ${one.home}`);
  assert.match(lines[1] ?? "", /^the-other \| from \//);
  assert.match(stderr, /^devtool: one +\d+\.\d s {2}exit code 0$/m);
  assert.match(stderr, /^devtool: the-other +\d+\.\d s {2}exit code 3$/m);
});

test("on a terminal each target's name has a colour of its own, and none under NO_COLOR", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "script"))) return;
  const { project } = await twoTargets(t, "echo ran\n");
  const command = `${DEVTOOL.join(" ")} run`;
  const shown = async (env: Record<string, string>) => {
    const all = { ...process.env, HOME: project.home, XDG_CACHE_HOME: join(project.home, "cache"), ...env };
    return (await run("script", ["-qec", command, "/dev/null"], { cwd: project.root, env: all })).stdout;
  };
  const colored = await shown({ TERM: "xterm" });
  assert.ok(colored.includes("\x1b[36mone       |\x1b[0m ran"), colored);
  assert.ok(colored.includes("\x1b[35mthe-other |\x1b[0m ran"), colored);
  const plain = await shown({ TERM: "xterm", NO_COLOR: "1" });
  assert.ok(plain.includes("one       | ran") && !plain.includes("m ran"), plain);
});

test("a target that can't be reached is reported, and the others run, or sync and say so", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const { project, other } = await twoTargets(t, "echo ran\n");
  await other.stop(); // with its configuration
  const { code, stdout, stderr } = await startDevtool(t, project, ["run"]).ended;
  assert.equal(code, 2, stderr);
  assert.equal(stdout.toString(), "one       | ran\n");
  assert.match(stderr, /^devtool: the-other +\d+\.\d s {2}failed: ssh refuses its configuration/m);
  await project.write({ "main.sh": "echo again\n" });
  const synced = await startDevtool(t, project, ["sync"]).ended;
  assert.equal(synced.code, 2, synced.stderr);
  assert.match(synced.stderr, /^devtool: one: sent 1 file .*, done after \d/m);
  assert.match(synced.stderr, /^devtool: the-other: ssh refuses its configuration/m);
});

test("what works on one target refuses several, and takes the one that --target names", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const { project } = await twoTargets(t, "echo ran\n");
  for (const args of [["status"], ["run", "--forward", "8080"], ["watch", "--interactive"]]) {
    const { code, stderr } = await startDevtool(t, project, args).ended;
    assert.equal(code, 2, stderr);
    assert.match(stderr, /there are several.*\n.*name one with --target/);
  }
  const { code, stdout } = await startDevtool(t, project, ["run", "--target", "one"]).ended;
  assert.deepEqual([code, stdout.toString()], [0, "ran\n"]);
});
