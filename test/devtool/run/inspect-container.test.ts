import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { mirrorPath } from "../../../devtool/dev/lane/mirror.ts";
import { needs } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";
import { InspectorClient } from "../inspector.ts";
import { freePort } from "../ports/free-port.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);

const MAIN =
  'const word: string = process.argv[2] ?? "";\nconst size: number = word.length;\nconsole.log(word, size);\n';

test("a breakpoint in a local file stops a Node.js that runs in a container on the target", async (t) => {
  if (!needs(t, process.getuid?.() === 0 ? lacks("rsync", "sshd") : "root")) return;
  const sshd = await startSshd(t);
  const folder = join(rig.directory, "mirrors");
  const project = await makeProject(t, { "src/main.ts": MAIN });
  const mirror = mirrorPath({ facts: { home: "", cache: "" }, target: "box", folder }, project.root);
  const mounts = ["/usr", "/lib", "/lib64", mirror].flatMap((path) => ["-v", `${path}:${path}:ro`]);
  const config = {
    bundle: { entryPoints: { main: "src/main.ts" } },
    run: ["env", `TINYDOCKER_ROOT=${rig.root}`, process.execPath, "--", rig.program, "run"],
    targets: { box: { kind: "ssh", host: sshd.host, configFile: sshd.configFile, mirror: folder } },
    target: "box",
  };
  await project.write({ "devtool.config.ts": `export default ${JSON.stringify(config)};\n` });
  await rm(join(project.root, "native"), { recursive: true });
  const [here, there] = [await freePort(), await freePort()];
  const words = [
    "--image",
    "box",
    "--network",
    "host",
    ...mounts,
    "web",
    process.execPath,
    `${mirror}/.devtool/main.js`,
  ];
  const devtool = startDevtool(t, project, ["run", "--json", `--inspect-brk=${here}:${there}`, "--", ...words, "four"]);
  for (let seen = ""; !seen.includes("Debugger listening"); ) {
    const event = await devtool.next("output");
    seen += "data" in event ? event.data : "";
  }
  const client = await InspectorClient.attach(here);
  t.after(() => client.close());
  for (const method of ["Debugger.enable", "Runtime.enable", "Runtime.runIfWaitingForDebugger"])
    await client.send(method);
  const first = await client.stop();
  await client.setBreakpoint(join(project.root, "src/main.ts"), 3);
  await first.resume();
  const stop = await client.stop();
  assert.deepEqual([stop.file, stop.line], [join(project.root, "src/main.ts"), 3]);
  assert.deepEqual([await stop.evaluate("word"), await stop.evaluate("size")], ["four", 4]);
  await stop.resume();
  client.close();
  assert.equal((await devtool.next("exited")).code, 0);
});
