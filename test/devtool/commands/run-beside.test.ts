import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chown, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { needs } from "../../rig/host.ts";
import { gone } from "../../rig/processes.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { freePort } from "../ports/free-port.ts";
import { DEVTOOL, type Devtool, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

const DIST = join(import.meta.dirname, "../../../dist/devtool.cjs");

interface Place {
  readonly project: Project;
  readonly sshd: Sshd;
  readonly watch: Devtool;
  /** Its flags. */
  readonly way: readonly string[];
  /** devtool run, with what the watch has as flags. */
  run(words: readonly string[], ...flags: string[]): Devtool;
  /** How many connections sshd has. */
  connections(): Promise<number>;
}

/** A watch whose program waits, in a project of shell scripts. */
async function watched(t: TestContext, config: object = {}): Promise<Place> {
  const project = await makeProject(t, {
    "devtool.config.json": JSON.stringify({ env: { GREETING: "hello" }, ...config }),
    "wait.sh": "echo waits; exec sleep 1000\n",
    word: "one\n",
  });
  for (const path of ["devtool.config.ts", "native", "src"]) await rm(join(project.root, path), { recursive: true });
  const sshd = await startSshd(t);
  const way = ["--ssh-config", sshd.configFile, "--target", sshd.host];
  const watch = startDevtool(t, project, ["watch", "--json", ...way, "sh", "wait.sh"]);
  await watch.next("output");
  return {
    project,
    sshd,
    watch,
    way,
    run: (words, ...flags) => startDevtool(t, project, ["run", ...way, ...flags, ...words]),
    connections: async () => (await sshd.connections()).length,
  };
}

test("a run beside a watch uses its connection, with the input, output and exit code of the command, and what was just saved", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const { project, watch, run, connections } = await watched(t);
  await project.write({ word: "two\n" });
  const script = "cat word; cat; echo $GREETING $LC_TIME >&2; exit 7";
  const { child, ended } = run(["sh", "-c", script]);
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7) % 256));
  child.stdin?.end(bytes);
  const { code, stdout, stderr } = await ended;
  assert.equal(code, 7, stderr);
  assert.ok(stdout.equals(Buffer.concat([Buffer.from("two\n"), bytes])), `${stdout.length} bytes`);
  assert.match(stderr, /^hello/m);
  const before = await connections();
  const other = run(["sh", "-c", "echo up; read line; kill -9 $$"], "--json");
  assert.equal((await other.next("output")).target, "rig");
  assert.equal(await connections(), before, "no connection of its own");
  other.child.stdin?.end("\n");
  assert.equal((await other.next("exited")).signal, "SIGKILL");
  assert.equal((await other.ended).code, 137);
  const trace = (await startDevtool(t, project, ["trace", "--json"]).ended).stdout.toString().trim().split("\n");
  const ofEverything = trace.map((line) => JSON.parse(line)).filter(({ paths }) => paths === null);
  assert.deepEqual(
    ofEverything.map(({ outcome }) => outcome),
    ["output", "output", "output"],
    "the watch's first, and each run",
  );
  assert.ok(!watch.lines.some((line) => line.includes("hello")), "the watch prints nothing of it");
});

test("a run beside a watch takes what was edited of the configuration, says why it can't be used, and loads no more of devtool than that needs", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const { project, way, run } = await watched(t);
  await project.write({ "devtool.config.json": JSON.stringify({ env: { GREETING: "bye" } }) });
  const { code, stdout, stderr } = await run(["sh", "-c", "echo $GREETING"]).ended;
  assert.deepEqual([code, stdout.toString()], [0, "bye\n"], stderr);
  await project.write({ "devtool.config.json": JSON.stringify({ env: { GREETING: "bye" }, envFile: "missing" }) });
  const refused = run(["true"], "--json");
  const { code: failed, message } = await refused.next("failed");
  assert.deepEqual([failed, (await refused.ended).code], ["config-invalid", 2]);
  assert.match(message, /^can't read envFile .*missing: no such file or directory /);
  assert.ok(!refused.lines.some((line) => line.includes('"connected"')), "the watch says so");
  const coverage = join(project.home, "coverage");
  await project.write({ "devtool.config.json": "{}" });
  const covered = startDevtool(t, project, ["run", ...way, "true"], { NODE_V8_COVERAGE: coverage });
  assert.equal((await covered.ended).code, 0);
  const [report = ""] = await readdir(coverage);
  const { result } = JSON.parse(await readFile(join(coverage, report), "utf8"));
  const loaded = result.map(({ url }: { url: string }) => basename(url)).filter((name: string) => name.endsWith("js"));
  assert.deepEqual(loaded, ["devtool.cjs", "devtool-cli.cjs", "devtool-main.cjs"]);
});

test("a run by itself leaves the ports of the configuration to the watch that forwards them, and has others of its own", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const port = await freePort();
  const { run } = await watched(t, { forward: [`${port}:1`] });
  const { code, stdout, stderr } = await run(["echo", "ran"], "--timings").ended;
  assert.deepEqual([code, stdout.toString()], [0, "ran\n"], stderr);
  assert.match(stderr, new RegExp(`localhost:${port} is left to the devtool watch of this project`));
  const other = run(["true"], "--json", "--forward", `127.0.0.2:${port}:1`);
  assert.equal((await other.next("forwarded")).listen, `127.0.0.2:${port}`);
  assert.equal((await other.ended).code, 0);
});

test("signals go to the command of a run beside a watch, which ends with it and with the watch", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const { watch, run } = await watched(t);
  const trapped = run(["sh", "-c", "trap 'echo got; exit 3' INT; echo up; while :; do sleep 0.05; done"], "--json");
  await trapped.next("output");
  trapped.child.kill("SIGINT");
  assert.equal((await trapped.ended).code, 3);
  const pidOf = async (devtool: Devtool) => {
    const event = await devtool.next("output");
    return "data" in event ? Number(event.data) : 0;
  };
  const killed = run(["sh", "-c", "echo $$; exec sleep 1000"], "--json");
  const pid = await pidOf(killed);
  killed.child.kill("SIGKILL");
  await gone(pid);
  const left = run(["sh", "-c", "echo $$; exec sleep 1000"], "--json");
  const last = await pidOf(left);
  watch.child.kill("SIGKILL");
  const { code } = await left.ended;
  assert.equal(code, 1);
  assert.match(left.lines.at(-1) ?? "", /"code":"connection-lost","message":"devtool watch, .* has ended or lost it"/);
  await gone(last);
});

test("a run beside a watch has its own terminal: of its size, raw, with Ctrl-C", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "script"))) return;
  const { project, sshd, connections } = await watched(t);
  const before = await connections();
  const command = `${DEVTOOL.join(" ")} run --ssh-config ${sshd.configFile} --target ${sshd.host} sh -c 'stty size; exec cat'`;
  const child = spawn("script", ["-qec", `stty rows 11 cols 22; ${command}`, "/dev/null"], {
    cwd: project.root,
    env: { ...process.env, HOME: project.home, XDG_CACHE_HOME: join(project.home, "cache") },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => {
    shown += String(chunk);
  });
  while (!shown.includes("11 22")) {
    const [over] = await Promise.race([once(child.stdout, "data"), ended]);
    assert.ok(Buffer.isBuffer(over), shown);
  }
  assert.equal(await connections(), before, "no connection of its own");
  child.stdin.write("\x03");
  assert.equal((await ended)[0], 130, shown);
});

test("where the watch is another one, of another version or gone, a run connects by itself without a word", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const { project, sshd, watch, run, connections } = await watched(t);
  const folder = join(project.home, "cache/devtool/watch");
  const [name = ""] = await readdir(folder);
  const socket = join(folder, name);
  assert.equal((await stat(socket)).mode & 0o777, 0o600);
  const before = await connections();
  const alone = async (devtool: Devtool, title: string) => {
    await devtool.next("output");
    assert.ok((await connections()) > before, title);
    devtool.child.stdin?.end("\n");
    const { code, stderr } = await devtool.ended;
    assert.deepEqual([code, stderr], [0, ""], title);
  };
  const words = ["sh", "-c", "echo up; read line"];
  await alone(run(words, "--json", "--accept-new-host-key"), "reached in another way");
  await alone(run(words, "--json", "--timings"), "more than to run a command");
  const elsewhere = startDevtool(t, project, ["run", "--json", "--target", "local", ...words]);
  assert.equal((await elsewhere.next("connected")).kind, "local");
  elsewhere.child.stdin?.end("\n");
  assert.equal((await elsewhere.ended).code, 0);
  if (process.getuid?.() === 0) {
    await chown(socket, 1, 1);
    await alone(run(words, "--json"), "another user's socket");
    await chown(socket, 0, 0);
  }
  const env = { ...process.env, HOME: project.home, XDG_CACHE_HOME: join(project.home, "cache") };
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  const built = promisify(execFile)(process.execPath, [DIST, "run", ...flags, "sh", "-c", "echo up"], {
    cwd: project.root,
    env,
  });
  assert.match((await built).stdout, /"event":"connected"/);
  watch.child.kill("SIGKILL");
  await watch.ended;
  const later = run(["sh", "-c", "echo up"], "--json");
  await later.next("connected");
  assert.equal((await later.ended).code, 0);
  const again = startDevtool(t, project, ["watch", ...flags, "sh", "wait.sh"]);
  await again.next("output");
  const beside = run(["sh", "-c", "echo up"], "--json");
  await beside.next("output");
  assert.ok(!beside.lines.some((line) => line.includes('"connected"')), "the stale socket is replaced");
  assert.equal((await beside.ended).code, 0);
});
