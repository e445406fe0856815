import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, type TestContext, test } from "node:test";
import { buildAgent } from "../../rig/agent.ts";
import { needs } from "../../rig/host.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { elf } from "../bundle/addons/registry.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";

before(buildAgent);

/** A machine that says to have this version of glibc. */
async function machine(t: TestContext, glibc: string): Promise<Sshd> {
  const sshd = await startSshd(t);
  const bin = join(sshd.home, "bin-first");
  await mkdir(bin);
  await writeFile(join(bin, "getconf"), `#!/bin/sh\necho glibc ${glibc}\n`);
  await chmod(join(bin, "getconf"), 0o755);
  await writeFile(join(sshd.home, ".profile"), `PATH=${bin}:$PATH\n`);
  return sshd;
}

const WRITES = 'require("fs").readdirSync(__dirname).filter((name) => name.endsWith(".node")).join()';

test("two targets of different platforms each get the packages for their own, in each round, and both get what one has shipped already", async (t) => {
  if (!needs(t, lacks("rsync", "sshd") ?? (process.arch === "x64" ? undefined : "x64"))) return;
  const [old, current, same] = [await machine(t, "2.31"), await machine(t, "2.41"), await machine(t, "2.41")];
  const target = ({ host, configFile }: Sshd) => ({ kind: "ssh", host, configFile });
  const config = {
    bundle: { entryPoints: { main: "main.js" }, addons: ["two"] },
    targets: { old: target(old), current: target(current), same: target(same) },
    target: ["old", "current", "same"],
    run: ["node", ".devtool/main.js"],
  };
  const project = await makeProject(t, {
    "devtool.config.json": JSON.stringify(config),
    "package.json": '{ "name": "app", "type": "module" }',
    "main.js": 'import two from "two";\nconsole.log(two);\n',
    "node_modules/two/package.json": '{ "name": "two", "version": "1.0.0" }',
    "node_modules/two/index.js": `module.exports = "one " + ${WRITES};`,
  });
  for (const name of ["devtool.config.ts", "src", "native"]) await rm(join(project.root, name), { recursive: true });
  await writeFile(join(project.root, "node_modules/two/old.node"), elf("x64", "glibc"));
  const newer = Buffer.concat([elf("x64", "glibc"), Buffer.from("GLIBC_2.38\0")]);
  await writeFile(join(project.root, "node_modules/two/new.node"), newer);
  const devtool = startDevtool(t, project, ["watch", "--json"]);
  const printed = async (name: string, expected: string) => {
    for (let text = ""; !text.endsWith(expected); ) {
      const event = await devtool.next("output", name);
      text += "data" in event ? event.data : "";
    }
  };
  const all = async (word: string) => {
    await printed("old", `${word} old.node\n`);
    for (const name of ["current", "same"]) await printed(name, `${word} new.node,old.node\n`);
  };
  await all("one");
  await project.write({ "node_modules/two/index.js": `module.exports = "two " + ${WRITES};` });
  await project.write({ "main.js": 'import two from "two";\nconsole.log(two);\n// saved\n;0;\n' });
  await all("two");
});
