import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import type { TargetSettings } from "../../../../devtool/config/config.ts";
import { Failure } from "../../../../devtool/failure.ts";
import { resolveTarget } from "../../../../devtool/targets/resolve.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { type Sshd, startSshd } from "../../../rig/sshd.ts";
import { lacks, makeProject, startDevtool } from "../../rig.ts";
import { outcome } from "../connected.ts";

before(buildAgent);

/** Sets variables of this process for a test. */
function setFor(t: TestContext, variables: Record<string, string>): void {
  const old = { ...process.env };
  Object.assign(process.env, variables);
  t.after(() => {
    process.env = old;
  });
}

/**
 * Neither lima nor multipass runs on a machine like CI's, without hardware virtualization: programs of these names stand in,
 * which answer as lima 1.2 and multipass 1.16 do, for a machine that is the rig's sshd.
 */
async function standIn(t: TestContext, program: string, script: string): Promise<string> {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, "bin"));
  await writeFile(join(directory, "bin", program), `#!/bin/sh\necho "$*" >>${directory}/calls\n${script}`, {
    mode: 0o755,
  });
  setFor(t, {
    PATH: `${directory}/bin:${process.env["PATH"]}`,
    LIMA_HOME: join(directory, "lima"),
    XDG_CACHE_HOME: join(directory, "cache"),
  });
  return directory;
}

async function limaConfig(sshd: Sshd): Promise<string> {
  return (await readFile(sshd.configFile, "utf8"))
    .replace("Host rig", "Host lima-vm")
    .replace(/ {2}(User|Global)KnownHostsFile .*/g, "  $1KnownHostsFile /dev/null")
    .replace("StrictHostKeyChecking yes", "StrictHostKeyChecking no\n  NoHostAuthenticationForLocalhost yes");
}

async function echo(settings: TargetSettings): Promise<string> {
  const target = resolveTarget("vm", { vm: settings }, { projectRoot: "/", notice: () => {} });
  const connection = await target.connect(AbortSignal.timeout(30_000));
  const { stdout } = await outcome(connection.exec(["echo", "out"]));
  await connection.close();
  return stdout;
}

test("a machine of lima is reached by the ssh_config that limactl prints, or that is in its folder, and its key is pinned there", async (t) => {
  if (!needs(t, lacks("sshd"))) return;
  const sshd = await startSshd(t);
  const directory = await standIn(t, "limactl", 'cat "$(dirname "$0")/../config"\n');
  await writeFile(join(directory, "config"), await limaConfig(sshd));
  await mkdir(join(directory, "lima/vm"), { recursive: true });
  assert.equal(await echo({ kind: "lima", name: "vm" }), "out\n");
  assert.equal(await readFile(join(directory, "calls"), "utf8"), "show-ssh --format=config vm\n");
  await writeFile(join(directory, "lima/vm/ssh.config"), await limaConfig(sshd));
  assert.equal(await echo({ kind: "lima", name: "vm" }), "out\n");
  assert.equal(await readFile(join(directory, "calls"), "utf8"), "show-ssh --format=config vm\n");
  const file = join(directory, "lima/vm/devtool-known_hosts");
  const known = await readFile(file, "utf8");
  assert.match(known, /^lima-vm ssh-ed25519 /m);
  await writeFile(
    file,
    known.replace(/(AAAAC3\S{20})(.)/, (_, begin, one) => begin + (one === "A" ? "B" : "A")),
  );
  await assert.rejects(echo({ kind: "lima", name: "vm" }), /has changed/);
});

test("a machine of multipass is reached at the address that it has, with the key that is named", async (t) => {
  if (!needs(t, lacks("sshd"))) return;
  const directory = await standIn(t, "multipass", 'cat "$(dirname "$0")/../info"\n');
  const info = (state: string, ipv4: readonly string[]) =>
    JSON.stringify({ errors: [], info: { vm: { state, ipv4 } } });
  const machine = { kind: "multipass", name: "vm" } as const;
  await writeFile(join(directory, "info"), info("Stopped", []));
  await assert.rejects(echo(machine), /no address, and is stopped/);
  assert.equal(await readFile(join(directory, "calls"), "utf8"), "info vm --format json\n");
  await writeFile(join(directory, "info"), info("Starting", ["N/A"]));
  await assert.rejects(echo(machine), /no address, and is starting/);
  // No machine is there: that its address is tried shows that it was read.
  await writeFile(join(directory, "info"), info("Running", ["127.0.0.77"]));
  await assert.rejects(echo({ ...machine, identityFile: "/nowhere" }), (error) => {
    return error instanceof Failure && /127\.0\.0\.77/.test(error.message);
  });
});

test("a program that is not installed, and a machine that is not there, are named with what to do", async (t) => {
  setFor(t, { PATH: "/nowhere", LIMA_HOME: "/nowhere" });
  for (const [kind, program] of [
    ["lima", "limactl"],
    ["multipass", "multipass"],
  ] as const) {
    await assert.rejects(echo({ kind, name: "vm" }), (error) => {
      assert.ok(error instanceof Failure);
      assert.deepEqual(
        [error.code, error.exitCode, error.message],
        ["machine-tool-failed", 2, `${program} is not installed`],
      );
      return /install it from/.test(error.remedy ?? "");
    });
  }
  await standIn(t, "limactl", 'echo "instance \\"vm\\" does not exist" >&2; exit 1\n');
  await assert.rejects(echo({ kind: "lima", name: "box" }), (error) => {
    assert.ok(error instanceof Failure);
    assert.match(error.message, /reach the machine box: instance "vm" does not exist/);
    assert.match(error.remedy ?? "", /devtool up --target vm$/);
    return true;
  });
  await standIn(t, "multipass", "echo a new version is out\n");
  await assert.rejects(echo({ kind: "multipass", name: "vm" }), /reach the machine vm: it has no address/);
});

test("up, halt and destroy start, stop and remove the machine that is the target", async (t) => {
  const directory = await standIn(t, "limactl", "echo started; exit 3\n");
  const config = { target: "vm", targets: { vm: { kind: "lima", name: "box" } } };
  const project = await makeProject(t, { "devtool.config.json": JSON.stringify(config) });
  await rm(join(project.root, "devtool.config.ts"));
  const up = await startDevtool(t, project, ["--json", "up", "--tty=false"]).ended;
  assert.equal(up.code, 3, up.stderr);
  assert.match(up.stdout.toString(), /^\{"event":"log",.*"text":"started"\}$/m);
  await startDevtool(t, project, ["halt"]).ended;
  await startDevtool(t, project, ["destroy", "-f"]).ended;
  assert.equal(await readFile(join(directory, "calls"), "utf8"), "start --tty=false box\nstop box\ndelete -f box\n");
});

test("up, halt and destroy are about the one machine of a Vagrantfile that is the target, and refuse a target that is none", async (t) => {
  const directory = await standIn(t, "vagrant", "");
  const targets = { web: { kind: "vagrant", machine: "web" }, box: { kind: "ssh", host: "box" } };
  const project = await makeProject(t, { "devtool.config.json": JSON.stringify({ targets }) });
  await rm(join(project.root, "devtool.config.ts"));
  for (const args of [["up", "--target", "web"], ["destroy", "--target", "vagrant", "-f"], ["halt"]])
    assert.equal((await startDevtool(t, project, args).ended).code, 0, args.join(" "));
  for (const name of ["box", "local"]) {
    const { code, stderr } = await startDevtool(t, project, ["destroy", "--target", name, "-f"]).ended;
    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`the target ${name} is not a virtual machine`));
  }
  assert.equal(await readFile(join(directory, "calls"), "utf8"), "up web\ndestroy -f\nhalt\n");
});
