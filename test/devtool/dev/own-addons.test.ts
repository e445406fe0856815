import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { EventLine } from "../../../devtool/report/events.ts";
import { needs } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";

test("of an add-on of the project that was built for a newer glibc than the target's, both versions are named, and what to do", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "gcc", "getconf"))) return;
  const here = execFileSync("getconf", ["GNU_LIBC_VERSION"], { encoding: "utf8" }).trim().replace("glibc ", "");
  const project = await makeProject(t, { "add.c": '#include <stdio.h>\nint add(void) { return puts("1"); }\n' });
  for (const name of ["devtool.config.ts", "package.json", "src", "native"])
    await rm(join(project.root, name), { recursive: true });
  await project.write({ "devtool.config.json": '{ "run": ["echo", "ran"] }' });
  const [fine, tooNew] = ["fine.node", "new.node"].map((name) => join(project.root, name));
  assert.ok(fine && tooNew);
  execFileSync("gcc", ["-shared", "-fPIC", "-o", fine, join(project.root, "add.c")]);
  const linked = (await readFile(fine)).toString("latin1");
  assert.match(linked, /GLIBC_2\.\d\.\d\0/);
  await writeFile(tooNew, Buffer.from(linked.replace(/GLIBC_2\.\d\.\d(?=\0)/, "GLIBC_2.99\0"), "latin1"));
  const sshd = await startSshd(t);
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  for (let round = 0; round < 2; round += 1) {
    const devtool = startDevtool(t, project, ["run", ...flags]);
    assert.equal((await devtool.ended).code, 0);
    const events = devtool.lines.map((line) => JSON.parse(line) as EventLine);
    const texts = events.flatMap((event) => (event.event === "notice" ? [event.text] : []));
    const what = `new.node was built for glibc 2.99 or newer, and can't be loaded with the target's ${here}`;
    assert.deepEqual(texts, [
      `${what}: build it there, by \`build\` in the configuration, or on a system as old as that`,
    ]);
  }
});
