import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import { Failure } from "../../../../devtool/failure.ts";
import { resolveTarget } from "../../../../devtool/targets/resolve.ts";
import { runVagrant } from "../../../../devtool/targets/vagrant/command.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { type Sshd, startSshd } from "../../../rig/sshd.ts";
import { outcome } from "../connected.ts";

before(buildAgent);

/**
 * A project whose `vagrant` prints what the real one does, for a machine that is the rig's sshd; it counts its calls.
 */
async function project(
  t: TestContext,
  sshd: Sshd,
): Promise<{ root: string; calls(): Promise<number>; makeMachine(id: string): Promise<void> }> {
  const root = await temporaryDirectory(t);
  const config = (await readFile(sshd.configFile, "utf8"))
    .replace("Host rig", "Host default")
    .replace(/ {2}(User|Global)KnownHostsFile .*/g, "  $1KnownHostsFile /dev/null")
    .replace("StrictHostKeyChecking yes", "StrictHostKeyChecking no");
  await writeFile(join(root, "answer"), config);
  const script = `#!/bin/sh
while [ ! -f Vagrantfile ]; do cd ..; done
echo "$*" >>calls
[ -f .vagrant/machines/default/libvirt/id ] || { echo "The provider is not ready for SSH" >&2; exit 1; }
[ "$1" = ssh-config ] && cat answer
[ "$1" = up ] && echo "==> default: Booting VM..." && echo "a warning" >&2
exit 0
`;
  await writeFile(join(root, "Vagrantfile"), "");
  await mkdir(join(root, "bin"));
  await writeFile(join(root, "bin/vagrant"), script);
  await chmod(join(root, "bin/vagrant"), 0o755);
  const path = process.env["PATH"];
  process.env["PATH"] = `${root}/bin:${path}`;
  t.after(() => {
    process.env["PATH"] = path;
  });
  return {
    root,
    calls: async () => (await readFile(join(root, "calls"), "utf8").catch(() => "")).split("\n").length - 1,
    makeMachine: async (id) => {
      await mkdir(join(root, ".vagrant/machines/default/libvirt"), { recursive: true });
      await writeFile(join(root, ".vagrant/machines/default/libvirt/id"), id);
    },
  };
}

async function echo(root: string): Promise<string> {
  const connection = await resolveTarget("vagrant", {}, { projectRoot: root, notice: () => {} }).connect(
    AbortSignal.timeout(30_000),
  );
  const { stdout } = await outcome(connection.exec(["echo", "out"]));
  await connection.close();
  return stdout;
}

test("vagrant is asked for the SSH configuration once, and again after the Vagrantfile or the machine changed", async (t) => {
  const { root, calls, makeMachine } = await project(t, await startSshd(t));
  await makeMachine("one");
  assert.equal(await echo(root), "out\n");
  assert.equal(await echo(root), "out\n");
  assert.equal(await calls(), 1);
  await utimes(join(root, "Vagrantfile"), 1, 1);
  assert.equal(await echo(root), "out\n");
  assert.equal(await calls(), 2);
});

test("a machine that is not where it was is looked for again, and found", async (t) => {
  const { root, calls, makeMachine } = await project(t, await startSshd(t));
  await makeMachine("one");
  await echo(root);
  const cache = join(root, ".vagrant/devtool/ssh-config");
  const known = await readFile(cache, "utf8");
  await writeFile(cache, known.replace(/Port \d+/, "Port 1"));
  assert.equal(await echo(root), "out\n");
  assert.equal(await calls(), 2);
  assert.equal(await readFile(cache, "utf8"), known);
});

test("a machine's key is pinned while the machine lives, and a new machine has a new key", async (t) => {
  const sshd = await startSshd(t);
  const { root, makeMachine } = await project(t, sshd);
  await makeMachine("one");
  await echo(root);
  const file = join(root, ".vagrant/devtool/known_hosts-one");
  const known = await readFile(file, "utf8");
  const other = join(sshd.directory, "other");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);
  const key = (await readFile(`${other}.pub`, "utf8")).split(" ")[1] ?? "";
  await writeFile(file, known.replace(/ssh-ed25519 \S+/, `ssh-ed25519 ${key}`));
  await assert.rejects(echo(root), /has changed/);
  await mkdir(join(root, ".vagrant/machines/default-db/libvirt"), { recursive: true });
  await writeFile(join(root, ".vagrant/machines/default-db/libvirt/id"), "one");
  await makeMachine("two");
  assert.equal(await echo(root), "out\n");
});

test("a project in a folder below that of the Vagrantfile knows when its machine is a new one", async (t) => {
  const { root, makeMachine } = await project(t, await startSshd(t));
  const below = join(root, "packages/api");
  await mkdir(below, { recursive: true });
  await makeMachine("one");
  assert.equal(await echo(below), "out\n");
  await makeMachine("two");
  assert.equal(await echo(below), "out\n");
  assert.match(await readFile(join(root, ".vagrant/devtool/known_hosts-two"), "utf8"), /^vagrant-default /);
  assert.deepEqual(await readdir(below), []);
});

test("a machine that is not running is reported with devtool up as the remedy", async (t) => {
  const sshd = await startSshd(t);
  const { root, makeMachine } = await project(t, sshd);
  const isUp = (error: unknown) =>
    error instanceof Failure && error.exitCode === 2 && /devtool up/.test(error.remedy ?? "");
  await assert.rejects(echo(root), isUp);
  await makeMachine("one");
  assert.equal(await echo(root), "out\n");
  await sshd.stop();
  await assert.rejects(echo(root), isUp);
});

test("a missing vagrant is reported", async (t) => {
  const { root } = await project(t, await startSshd(t));
  await rm(join(root, "bin/vagrant"));
  process.env["PATH"] = `${root}/bin`;
  const missing = (error: unknown) =>
    error instanceof Failure && error.exitCode === 2 && /not installed/.test(error.message);
  await assert.rejects(echo(root), missing);
  await assert.rejects(runVagrant(["up"], root), missing);
});

test("runVagrant runs vagrant in the project, passes on what it prints, and returns its exit code", async (t) => {
  const { root, makeMachine } = await project(t, await startSshd(t));
  assert.deepEqual(await runVagrant(["halt", "-f"], root), { code: 1, signal: null });
  await makeMachine("one");
  const lines: string[] = [];
  assert.deepEqual(await runVagrant(["up"], root, (line) => lines.push(line)), { code: 0, signal: null });
  assert.deepEqual(lines.sort(), ["==> default: Booting VM...", "a warning"]);
  assert.equal(await readFile(join(root, "calls"), "utf8"), "halt -f\nup\n");
});
