import assert from "node:assert/strict";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { needs } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const program = ["env", `TINYDOCKER_ROOT=${rig.root}`, process.execPath, "--", rig.program];

test("devtool exec, ps and rm do on the target what tinydocker does there", async (t) => {
  if (!needs(t, lacks("sshd"))) return;
  const child = rig.spawn(["run", "--image", "box", "--network", "none", "web", "sh", "-c", "echo up; exec cat"]);
  const exited = once(child, "exit");
  t.after(async () => {
    await rig.run(["rm", "-f", "web"]);
    await exited;
  });
  await once(child.stdout as NodeJS.ReadableStream, "data");
  const project = await makeProject(t, { "devtool.config.json": JSON.stringify({ tinydocker: program }) });
  await rm(join(project.root, "devtool.config.ts"));
  const sshd = await startSshd(t);
  const devtool = async (target: readonly string[], words: readonly string[], input = "") => {
    const started = startDevtool(t, project, [...target, ...words]);
    started.child.stdin?.end(input);
    const { code, stdout, stderr } = await started.ended;
    return { code, stdout: stdout.toString(), stderr };
  };
  const host = ["--ssh-config", sshd.configFile, "--target", sshd.host];
  for (const target of [["--target", "local"], host]) {
    const executed = await devtool(
      target,
      ["exec", "-i", "-e", "A=b c", "web", "sh", "-c", "cat; echo $A --help; exit 7"],
      "in\n",
    );
    assert.deepEqual([executed.code, executed.stdout], [7, "in\nb c --help\n"], executed.stderr);
    assert.match((await devtool(target, ["ps", "--format", "{{.Names}} {{.State}}"])).stdout, /^web running$/m);
  }
  const refused = await devtool(host, ["rm", "web"]);
  assert.deepEqual([refused.code, /the container web is running/.test(refused.stderr)], [125, true], refused.stderr);
});

test("devtool ps and exec have the configuration's variables, as run has: they name the same containers", async (t) => {
  if (!needs(t, lacks("sshd"))) return;
  const project = await makeProject(t, {
    "devtool.config.json": JSON.stringify({
      tinydocker: ["sh", "-c", 'echo "$A $B $0 $1"'],
      env: { A: "1" },
      envFile: "more",
    }),
    more: "A=0\nB=2\n",
  });
  await rm(join(project.root, "devtool.config.ts"));
  const sshd = await startSshd(t);
  const target = ["--ssh-config", sshd.configFile, "--target", sshd.host];
  const { code, stdout, stderr } = await startDevtool(t, project, [...target, "ps", "-a"]).ended;
  assert.deepEqual([code, stdout.toString()], [0, "1 2 ps -a\n"], stderr);
  await rm(join(project.root, "more"));
  const refused = await startDevtool(t, project, [...target, "ps"]).ended;
  assert.deepEqual([refused.code, /^devtool: can't read envFile /.test(refused.stderr)], [2, true], refused.stderr);
});

test("devtool exec says what is missing where the configuration names no tinydocker", async (t) => {
  const project = await makeProject(t, { "devtool.config.json": "{}" });
  await rm(join(project.root, "devtool.config.ts"));
  const devtool = startDevtool(t, project, ["--target", "local", "exec", "web", "true"]);
  const { code, stderr } = await devtool.ended;
  assert.equal(code, 2);
  assert.match(
    stderr,
    /devtool exec is for targets with tinydocker, and the configuration names none\n.*tinydocker: \["tinydocker"\]/,
  );
});
