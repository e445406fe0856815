import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "../rig/host.ts";
import { devtoolArgv, projectCopy } from "../rig/project.ts";
import { vmLacks } from "../rig/vm/vm.ts";
import { startLibvirt, vagrantLacks } from "./libvirt.ts";

test("devtool up brings up our Vagrantfile, run without --target reaches it, destroy removes it", async (t) => {
  if (!needs(t, vagrantLacks() ?? vmLacks())) return;
  const libvirt = await startLibvirt(t);
  // What is the default on macOS and Windows; on Linux it is this machine.
  const cwd = await projectCopy(t, { target: "vagrant" });
  const devtool = (args: readonly string[], input = "") => libvirt.run(devtoolArgv(args), { cwd, input });

  const up = await devtool(["up"]);
  assert.equal(up.code, 0, up.stderr + up.stdout);
  assert.match(up.stdout, /provision: installing make rsync/);
  assert.match(up.stdout, /provision: ready/);
  assert.match((await devtool(["status"])).stdout, /running \(libvirt\)/);

  const run = await devtool(["run", "hello1", "/bin/sh"], "hostname; echo $((6*7)); exit 4\n");
  assert.equal(run.code, 4, run.stderr);
  assert.equal(run.stdout, "hello1\n42\n");
  const kernel = await devtool(["run", "hello1", "/bin/uname", "-r"]);
  assert.match(kernel.stdout, /^6\.1\..*-cloud-\w+\n$/);

  const destroy = await devtool(["destroy", "-f"]);
  assert.equal(destroy.code, 0, destroy.stderr);
  assert.match((await devtool(["status"])).stdout, /not created \(libvirt\)/);
  const gone = await devtool(["run", "hello1", "/bin/true"]);
  assert.equal(gone.code, 2);
  assert.match(gone.stderr, /devtool up/);
});
