import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { EventLine } from "../../../../devtool/report/events.ts";
import { needs } from "../../../rig/host.ts";
import { startSshd } from "../../../rig/sshd.ts";
import { lacks, makeProject, startDevtool } from "../../rig.ts";

test("of an add-on of the project that was built for a newer glibc or libstdc++ than the target's, both versions are named, and what to do", async (t) => {
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
  await writeFile(join(project.root, "newer.node"), Buffer.from(`${linked}GLIBCXX_3.4.9999\0`, "latin1"));
  const cxx = libstdcxx();
  const sshd = await startSshd(t);
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  for (let round = 0; round < 2; round += 1) {
    const devtool = startDevtool(t, project, ["run", ...flags]);
    assert.equal((await devtool.ended).code, 0);
    const events = devtool.lines.map((line) => JSON.parse(line) as EventLine);
    const texts = events.flatMap((event) => (event.event === "notice" ? [event.text] : []));
    const words = (file: string, needed: string, there: string) =>
      `${file} was built for ${needed} or newer, and can't be loaded with the target's ${there}: build it there, by \`build\` in the configuration, or on a system as old as that`;
    assert.deepEqual(texts.sort(), [
      words("new.node", "glibc 2.99", here),
      ...(cxx ? [words("newer.node", "libstdc++ GLIBCXX_3.4.9999", `GLIBCXX_3.4.${cxx}`)] : []),
    ]);
  }
});

/** Of libstdc++.so.6.0.30, which Node.js is linked to here as on the target: 30; undefined where it has one of its own. */
function libstdcxx(): string | undefined {
  const linked = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
  const path = /libstdc\+\+\.so\.6 => (\S+)/.exec(linked)?.[1];
  return path && realpathSync(path).split(".").at(-1);
}
