import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { startSshd } from "../../rig/sshd.ts";
import { DEVTOOL, lacks, makeProject } from "../rig.ts";

type Flags = (t: TestContext) => Promise<string[]>;

const PLACES: Readonly<Record<string, Flags>> = {
  "this machine": async () => ["--target", "local"],
  "a host over SSH": async (t) => {
    const sshd = await startSshd(t);
    return ["--ssh-config", sshd.configFile, "--target", sshd.host];
  },
};

/** devtool run at a terminal of its own; SIGTERM to what is returned closes that. */
async function atTerminal(t: TestContext, flags: readonly string[], script: string): Promise<ChildProcess> {
  const pty = join(await temporaryDirectory({ after: (cleanup) => t.after(cleanup) }), "pty");
  execFileSync("gcc", ["-o", pty, "test/native/pty.c", "-lutil"]);
  const { root, home } = await makeProject(t, { "devtool.config.json": '{ "sync": { "include": ["src/"] } }' });
  await rm(join(root, "devtool.config.ts"));
  const argv = ["24", "80", "24", "80", ...DEVTOOL, "run", ...flags, "sh", "-c", script];
  const env = { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, "cache"), TERM: "vt100" };
  const child = spawn(pty, argv, { cwd: root, env });
  t.after(() => void child.kill("SIGKILL"));
  return child;
}

for (const [name, flagsOf] of Object.entries(PLACES)) {
  test(`on ${name}, a terminal that is closed ends devtool by the signal that says so`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const child = await atTerminal(t, await flagsOf(t), "echo ready; exec tail -f /dev/null");
    await new Promise<void>((settle) => {
      let screen = "";
      child.stdout?.on("data", (chunk) => {
        screen += chunk;
        if (screen.includes("ready")) settle();
      });
    });
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    assert.equal(code, 129);
  });

  test(`on ${name}, what is pasted into a command that prints all of it comes back, however much`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const child = await atTerminal(t, await flagsOf(t), "stty raw -echo; echo ready; head -c 200003");
    const pasted = "x".repeat(200_000);
    let screen = "";
    child.stdout?.on("data", (chunk) => {
      if (!screen.includes("ready") && (screen + chunk).includes("ready")) child.stdin?.write(`${pasted}end`);
      screen += chunk;
    });
    const [code] = await once(child, "close");
    assert.equal(code, 0);
    assert.ok(screen.includes(`${pasted}end`), `${screen.length} characters`);
  });
}
