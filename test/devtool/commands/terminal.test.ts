import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { childNamed, childrenOf, nameOf } from "../../rig/children.ts";
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

/** A command at a terminal of its own; SIGTERM to what is returned closes that. */
async function atTerminal(t: TestContext, argv: readonly string[]): Promise<ChildProcess> {
  const pty = join(await temporaryDirectory({ after: (cleanup) => t.after(cleanup) }), "pty");
  execFileSync("gcc", ["-o", pty, "test/native/pty.c", "-lutil"]);
  const { root, home } = await makeProject(t, { "devtool.config.json": '{ "sync": { "include": ["src/"] } }' });
  await rm(join(root, "devtool.config.ts"));
  const env = { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, "cache"), TERM: "vt100" };
  const child = spawn(pty, ["24", "80", "24", "80", ...argv], { cwd: root, env });
  t.after(() => void child.kill("SIGKILL"));
  return child;
}

function devtoolRun(flags: readonly string[], script: string): string[] {
  return [...DEVTOOL, "run", ...flags, "sh", "-c", script];
}

/** All that the terminal has been sent, once it matches. */
async function shows(child: ChildProcess, text: RegExp): Promise<string> {
  let screen = "";
  return await new Promise((settle) => {
    child.stdout?.on("data", (chunk) => {
      screen += chunk;
      if (text.test(screen)) settle(screen);
    });
  });
}

for (const [name, flagsOf] of Object.entries(PLACES)) {
  test(`on ${name}, a terminal that is closed ends devtool by the signal that says so`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const child = await atTerminal(t, devtoolRun(await flagsOf(t), "echo ready; exec tail -f /dev/null"));
    await shows(child, /ready/);
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    assert.equal(code, 129);
  });

  test(`on ${name}, a terminal that is closed ends a watch whose program runs`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const script = "echo ready; exec tail -f /dev/null";
    const child = await atTerminal(t, [...DEVTOOL, "watch", ...(await flagsOf(t)), "sh", "-c", script]);
    await shows(child, /ready/);
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    assert.equal(code, 129);
  });

  test(`on ${name}, what is pasted into a command that prints all of it comes back, however much`, async (t) => {
    if (!needs(t, lacks("rsync", "sshd"))) return;
    const child = await atTerminal(t, devtoolRun(await flagsOf(t), "stty raw -echo; echo ready; head -c 200003"));
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

test("what a program writes to its terminal reaches this one as ssh -t brings it there, byte for byte", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "ssh"))) return;
  const flags = await PLACES["a host over SSH"]?.(t);
  const [, configFile = ""] = flags ?? [];
  const script = "printf 'begin\\none\\r\\n'; stty raw; printf 'two\\nthree\\r\\n'; stty sane; printf 'end\\n'";
  const [viaSsh, viaDevtool] = await Promise.all(
    [["ssh", "-q", "-F", configFile, "-tt", "rig", script], devtoolRun(flags ?? [], script)].map(async (argv) => {
      const child = await atTerminal(t, argv);
      const [shown, mode] = await Promise.all([shows(child, /end\r*\n$/), once(child.stderr ?? child, "data")]);
      assert.equal(String(mode), "cooked\n");
      return shown.slice(shown.indexOf("begin"));
    }),
  );
  assert.equal(viaDevtool, viaSsh);
});

test("a program has the terminal again after a shell had it, which stopped devtool", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "bash"))) return;
  const flags = (await PLACES["a host over SSH"]?.(t)) ?? [];
  const argv = devtoolRun(flags, "stty raw -echo; echo ready; head -c 1 >/dev/null; printf 'one\\ntwo'");
  const child = await atTerminal(t, [
    "bash",
    "-c",
    'set -m; "$@"; stty sane; echo stopped; fg >/dev/null',
    "-",
    ...argv,
  ]);
  const stopped = shows(child, /stopped/);
  const over = shows(child, /two$/);
  await shows(child, /ready/);
  const [shell = 0] = childrenOf(child.pid ?? 0).filter((pid) => nameOf(pid) === "bash");
  process.kill(childNamed(shell, process.execPath), "SIGTSTP");
  await stopped;
  child.stdin?.write("x\n");
  assert.match(await over, /\none\ntwo$/);
});
