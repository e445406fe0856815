import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { assertDocumented } from "../report/examples.ts";
import { makeProject, startDevtool } from "../rig.ts";

test("status of a Vagrant machine shows vagrant's own output to people, and with --json prints only events", async (t) => {
  const project = await makeProject(t, { Vagrantfile: "" });
  const bin = join(project.home, "bin");
  await mkdir(bin);
  // Prints what the real one does while its machine is off.
  await writeFile(
    join(bin, "vagrant"),
    '#!/bin/sh\n[ "$1" != status ] || { echo "default poweroff"; exit 0; }\nexit 1\n',
  );
  await chmod(join(bin, "vagrant"), 0o755);
  const env = { PATH: `${bin}:${process.env["PATH"]}` };
  const words = await startDevtool(t, project, ["status", "--target", "vagrant"], env).ended;
  assert.equal(words.code, 2);
  assert.match(
    words.stdout.toString(),
    /^project: .*\ntarget: {6}vagrant \(vagrant\)\ndefault poweroff\nconnection: {2}-\n$/,
  );

  const { code, stdout } = await startDevtool(t, project, ["status", "--json", "--target", "vagrant"], env).ended;
  const lines = stdout.toString().trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const event of events) assertDocumented(event);
  assert.equal(code, 2);
  assert.deepEqual([events.at(-1)?.["code"], events.at(-1)?.["target"]], ["machine-not-running", "vagrant"]);
});

test("status of a host without an address exits with 2, as every other command does", async (t) => {
  const project = await makeProject(t);
  const { code, stderr } = await startDevtool(t, project, ["status", "--target", "nowhere.invalid"]).ended;
  assert.match(stderr.toString(), /^devtool: can't reach nowhere\.invalid:22: /);
  assert.equal(code, 2);
});
