import assert from "node:assert/strict";
import { on, once } from "node:events";
import { readdirSync, readFileSync, watch } from "node:fs";
import { chmod, copyFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { before, type TestContext } from "node:test";
import { LIBRARY, RUNS_NOTHING } from "../../../../devtool/protocol/library.ts";
import type { AgentMessage, Command } from "../../../../devtool/protocol/messages.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { gone } from "../../../rig/processes.ts";
import { type Client, connectTo, type RunningAgent, startAgent } from "../agents.ts";

before(buildAgent);

/** Loaded before each program: it begins only once the test has seen how it was started. */
const GATE = "require('node:fs').readSync(0, Buffer.alloc(1)); delete require.cache[__filename];";

/** What a program can see of how it was started. */
const SEE = `
  const fs = require("node:fs");
  const fields = fs.readFileSync("/proc/self/status", "utf8").match(/^(Sig[^Q]|Shd|Cap|Uid|Gid|Umask|NoNewPrivs|Seccomp).*/gm);
  const stat = fs.readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
  const fds = fs.readdirSync("/proc/self/fd").map((fd) => {
    try { return fd + " " + fs.readlinkSync("/proc/self/fd/" + fd).replace(/[0-9]+/g, "N"); } catch { return ""; }
  });
  const { NODE_OPTIONS, ...env } = process.env;
  console.log(JSON.stringify({
    argv: process.argv, argv0: process.argv0, execPath: process.execPath, execArgv: process.execArgv, title: process.title,
    cmdline: fs.readFileSync("/proc/self/cmdline", "latin1"), cwd: process.cwd(), NODE_OPTIONS, env, umask: process.umask(),
    hasOptions: "NODE_OPTIONS" in process.env, preloaded: process._preload_modules, fields, fds,
    limits: fs.readFileSync("/proc/self/limits", "utf8"), nice: stat[16],
    leads: Number(stat[2]) === process.pid && Number(stat[3]) === process.pid,
    tty: [process.stdin.isTTY, process.stdout.isTTY], stdin: process.stdin.constructor.name,
    resources: process.getActiveResourcesInfo(), events: process.eventNames(), exitCode: process.exitCode,
    globals: Object.getOwnPropertyNames(globalThis), error: new Error("here").stack, limit: Error.stackTraceLimit,
  }, undefined, 1));`;

const MODULE = `
  console.log(JSON.stringify({
    main: require.main === module, id: module.id, parent: module.parent ?? null, paths: module.paths,
    cache: Object.keys(require.cache), mainFile: process.mainModule.filename, this: this === module.exports,
  }));`;

const THREADS = `
  const { Worker } = require("node:worker_threads");
  const { fork } = require("node:child_process");
  const see = "JSON.stringify([process.execArgv, process.env.NODE_OPTIONS, Object.keys(require.cache), process._preload_modules])";
  if (process.argv[2] === "child") console.log("child", eval(see));
  else new Worker("console.log('worker', " + see + ")", { eval: true }).on("exit", () => fork(__filename, ["child"]));`;

const ESM = `
  import { createRequire } from "node:module";
  const { default: dep } = await import("./dep.mjs");
  console.log(import.meta.url, dep, typeof require, process.argv, Object.keys(createRequire(import.meta.url).cache));`;

const HANDLED = `process.on("SIGTERM", () => { console.log("caught"); process.exitCode = 5; clearInterval(timer); });
  const timer = setInterval(() => {}, 1000); console.log("ready");`;

interface Program {
  readonly what: string;
  readonly file: string;
  readonly text: string;
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Sent once the program prints something. */
  readonly signal?: NodeJS.Signals;
}

const PROGRAMS: readonly Program[] = [
  { what: "what it sees of its start", file: "see.cjs", text: SEE },
  {
    what: "the same with NODE_OPTIONS",
    file: "see.cjs",
    text: SEE,
    env: { NODE_OPTIONS: "--no-warnings  --trace-uncaught" },
  },
  { what: "the same with empty NODE_OPTIONS", file: "see.cjs", text: SEE, env: { NODE_OPTIONS: "" } },
  {
    what: "the same with options",
    file: "see.cjs",
    text: SEE,
    options: ["--stack-trace-limit=3", "--title=mine", "--"],
  },
  { what: "a CommonJS main module", file: "module.js", text: MODULE },
  { what: "an ES module", file: "main.mjs", text: ESM },
  { what: "worker threads and forked processes", file: "threads.cjs", text: THREADS },
  { what: "an uncaught error", file: "throw.cjs", text: "function f() { throw new TypeError('no'); }\nf();" },
  { what: "an uncaught error in an ES module", file: "throw.mjs", text: "throw new TypeError('no');" },
  { what: "a rejection", file: "reject.cjs", text: "Promise.reject(new Error('no'));" },
  { what: "a syntax error", file: "syntax.cjs", text: "let = ;" },
  { what: "an import that is missing", file: "missing.mjs", text: "import './none.mjs';" },
  { what: "a source map", file: "map.cjs", text: "", options: ["--enable-source-maps"] },
  {
    what: "a warning",
    file: "warn.cjs",
    text: "process.emitWarning('w'); new Buffer(1);",
    options: ["--trace-deprecation"],
  },
  { what: "nothing to do", file: "nothing.cjs", text: "process.on('exit', (code) => console.log('exit', code));" },
  { what: "an exit code", file: "code.cjs", text: "process.exitCode = 7;" },
  { what: "its input", file: "input.cjs", text: "process.stdin.pipe(process.stdout);", input: "in ".repeat(50_000) },
  {
    what: "/dev/stdin and /dev/stderr",
    file: "dev.cjs",
    text: "const fs = require('fs'); fs.writeFileSync('/dev/stderr', fs.readFileSync('/dev/stdin'));",
    input: "dev",
  },
  {
    what: "a signal it does not handle",
    file: "sleep.cjs",
    text: "console.log(1); setInterval(() => {}, 1000);",
    signal: "SIGTERM",
  },
  { what: "a signal it handles", file: "handled.cjs", text: HANDLED, signal: "SIGTERM" },
  { what: "its own end by a signal", file: "kill.cjs", text: "process.kill(process.pid, 'SIGUSR2');" },
];

/** throw.ts, line 3. */
const MAPPED = `throw new Error("mapped");
//# sourceMappingURL=data:application/json;base64,${Buffer.from(
  JSON.stringify({
    version: 3,
    sources: ["throw.ts"],
    names: [],
    mappings: "AAEA",
    sourcesContent: ["\n\nthrow x;\n"],
  }),
).toString("base64")}`;

for (const { what, file, text, options = [], env = {}, input = "", signal } of PROGRAMS) {
  test(`a Node.js that was started ahead does the same as a fresh one: ${what}`, async (t) => {
    const cwd = await temporaryDirectory(t);
    await writeFile(join(cwd, "gate.cjs"), GATE);
    await writeFile(join(cwd, "dep.mjs"), "export default 'dep';");
    await writeFile(join(cwd, file), file === "map.cjs" ? MAPPED : text);
    const command = { argv: ["node", "-r", "./gate.cjs", ...options, file, "a b", "--inspect"], cwd, env };
    const agent = await startAgent(t, "w1", await temporaryDirectory(t));
    const run = async (isAhead: boolean) => {
      const client = await connectTo(t, agent);
      if (isAhead) client.send({ type: "prepare", ...command });
      client.send({ type: "request", ...command });
      assert.equal(wasAhead(await pidOf(client)), isAhead);
      client.send({ type: "stdin", data: Buffer.from(`\n${input}`) }, { type: "stdin-end" });
      const first: AgentMessage[] = [];
      while (signal && first.at(-1)?.type !== "stdout") first.push(await client.next());
      if (signal) client.send({ type: "signal", signal });
      return outcome([...first, ...(await client.messages())]);
    };
    assert.deepEqual(await run(true), await run(false));
  });
}

/** Its environment as it was started with. */
function wasAhead(pid: number): boolean {
  return textOf(`/proc/${pid}/environ`).includes("\0NODE_OPTIONS=--require=/tmp/devtool-");
}

async function pidOf(client: Client): Promise<number> {
  const started = await client.next();
  assert.ok(started.type === "started");
  return started.pid;
}

function outcome(messages: readonly AgentMessage[]): object {
  const text = (type: "stdout" | "stderr") =>
    Buffer.concat(messages.flatMap((message) => (message.type === type ? [message.data] : [])))
      .toString()
      .replace(/\(node:\d+\)/g, "(node)");
  return { stdout: text("stdout"), stderr: text("stderr"), end: messages.at(-1) };
}

/** The waiting processes among the agent's children that it began to start before this is called. */
async function waiting(t: TestContext, agent: RunningAgent): Promise<number[]> {
  // It starts processes in the order that it begins to.
  const client = await connectTo(t, agent);
  client.send({ type: "request", argv: ["true"], cwd: "/", env: {} });
  await client.messages();
  const pids = readdirSync("/proc").map(Number);
  return pids.filter((pid) => pid > 0 && parentOf(pid) === agent.child.pid && wasAhead(pid));
}

function parentOf(pid: number): number {
  const stat = textOf(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Empty if the process has ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

/** A client that has had a command got ready, and the process that waits for it. */
async function ready(t: TestContext, command: Command, runtimeDirectory?: string) {
  const agent = await startAgent(t, "w2", runtimeDirectory ?? (await temporaryDirectory(t)));
  const client = await connectTo(t, agent);
  const watcher = watch("/tmp");
  t.after(() => watcher.close());
  client.send({ type: "prepare", ...command });
  for await (const [, name] of on(watcher, "change")) if (isPreload(agent, String(name))) break;
  const [pid = 0, ...others] = await waiting(t, agent);
  assert.ok(pid > 0 && others.length === 0);
  return { agent, client, pid };
}

/** It runs what it reads. */
const NODE: Command = { argv: ["node"], cwd: "/", env: {} };
const asRequest = (command: Command) => ({ type: "request", ...command }) as const;

for (const [what, signal, lost] of [
  ["was killed", "SIGKILL", "ended"],
  ["does not answer", "SIGSTOP", "silent"],
] as const) {
  test(`a waiting process that ${what} is replaced by a fresh one, and that is said`, async (t) => {
    const { client, pid } = await ready(t, NODE);
    process.kill(pid, signal);
    client.send(asRequest(NODE));
    const started = await client.next();
    assert.deepEqual([started.type, "lost" in started && started.lost], ["started", lost]);
    assert.equal(wasAhead("pid" in started ? started.pid : pid), false);
    await gone(pid);
    client.send({ type: "stdin", data: Buffer.from("console.log(1)") }, { type: "stdin-end" });
    assert.deepEqual(outcome(await client.messages()), { stdout: "1\n", stderr: "", end: { type: "exit", code: 0 } });
  });
}

const OTHERS: readonly (readonly [what: string, Partial<Command>])[] = [
  ["other arguments", { argv: ["node", "-"] }],
  ["another working directory", { cwd: "/tmp" }],
  ["another environment", { env: { A: "1" } }],
];
for (const [what, other] of OTHERS) {
  test(`with ${what} a fresh process is started, and the waiting one is gone`, async (t) => {
    const { client, pid } = await ready(t, NODE);
    client.send(asRequest({ ...NODE, ...other }));
    assert.equal(wasAhead(await pidOf(client)), false);
    await gone(pid);
    client.socket.destroy();
  });
}

test("a program begins in the directory that is there when it begins", async (t) => {
  const cwd = join(await temporaryDirectory(t), "mirror");
  await mkdir(cwd);
  const command = { argv: ["node"], cwd, env: {} };
  const { client, pid } = await ready(t, command);
  await rename(cwd, `${cwd}.old`);
  await mkdir(cwd);
  client.send(asRequest(command));
  assert.equal(await pidOf(client), pid);
  client.send({ type: "stdin", data: Buffer.from("console.log(process.cwd())") }, { type: "stdin-end" });
  assert.deepEqual(outcome(await client.messages()), {
    stdout: `${cwd}\n`,
    stderr: "",
    end: { type: "exit", code: 0 },
  });
});

/** Of a bundle: its program prints what is first among the modules that are loaded, and what its library has. */
const USES_LIBRARY = `const { value } = require("./${LIBRARY}.js");
  console.log(require("node:path").basename(Object.keys(require.cache)[0]), value);`;

/** Says that it is loaded by a file beside it. */
const libraryWith = (value: number) =>
  `require("node:fs").writeFileSync(__dirname + "/loaded-${value}", "");\nmodule.exports = { value: ${value} };\n`;

test("a waiting process loads the modules of a bundle that run nothing, and loads them anew where they were replaced", async (t) => {
  for (const replaces of [false, true]) {
    const cwd = await temporaryDirectory(t);
    const library = join(cwd, `${LIBRARY}.js`);
    await writeFile(library, RUNS_NOTHING + libraryWith(1));
    await writeFile(join(cwd, "main.js"), USES_LIBRARY);
    const watcher = watch(cwd);
    t.after(() => watcher.close());
    const changes = on(watcher, "change");
    const { client, pid } = await ready(t, { argv: ["node", "main.js"], cwd, env: {} });
    for await (const [, name] of changes) if (name === "loaded-1") break;
    if (replaces) {
      await writeFile(`${library}~`, RUNS_NOTHING + libraryWith(2));
      await rename(`${library}~`, library);
    }
    client.send(asRequest({ argv: ["node", "main.js"], cwd, env: {} }));
    assert.equal(await pidOf(client), pid);
    assert.deepEqual(outcome(await client.messages()), {
      stdout: replaces ? "main.js 2\n" : `${LIBRARY}.js 1\n`,
      stderr: "",
      end: { type: "exit", code: 0 },
    });
  }
});

test("a waiting process loads no modules that may run something, nor before what others preload", async (t) => {
  for (const [text, options] of [
    [libraryWith(1), []],
    [RUNS_NOTHING + libraryWith(1), ["-r", "./hook.js"]],
    [RUNS_NOTHING + libraryWith(1), ["--import", "./hook.js"]],
  ] as const) {
    const cwd = await temporaryDirectory(t);
    await writeFile(join(cwd, `${LIBRARY}.js`), text);
    await writeFile(join(cwd, "main.js"), USES_LIBRARY);
    await writeFile(join(cwd, "hook.js"), "");
    const command = { argv: ["node", ...options, "main.js"], cwd, env: {} };
    const { client, pid } = await ready(t, command);
    client.send(asRequest(command));
    assert.equal(await pidOf(client), pid);
    const { stdout } = outcome(await client.messages()) as { stdout: string };
    assert.match(stdout, /^(main|hook)\.js 1\n$/);
  }
});

test("a Node.js that has been replaced since, and a file that it has read, make a fresh start", async (t) => {
  const directory = await temporaryDirectory(t);
  const [node, certificates] = [join(directory, "node"), join(directory, "ca.pem")];
  await copyFile(process.execPath, node);
  await chmod(node, 0o755);
  const replaced = await ready(t, { ...NODE, argv: [node] });
  await copyFile(process.execPath, `${node}.new`);
  await rename(`${node}.new`, node);
  replaced.client.send(asRequest({ ...NODE, argv: [node] }));
  assert.equal(wasAhead(await pidOf(replaced.client)), false);
  replaced.client.socket.destroy();
  await writeFile(certificates, "");
  const command = { ...NODE, env: { NODE_EXTRA_CA_CERTS: certificates } };
  const changed = await ready(t, command);
  await writeFile(certificates, "\n");
  changed.client.send(asRequest(command));
  assert.equal(wasAhead(await pidOf(changed.client)), false);
  changed.client.socket.destroy();
});

test("a waiting process ends with its client, and with the agent, however that ends", async (t) => {
  const first = await ready(t, NODE);
  first.client.socket.destroy();
  await gone(first.pid);
  const second = await ready(t, NODE);
  second.agent.child.stdin?.end();
  assert.equal(await second.agent.exited, 0);
  await gone(second.pid);
  assert.deepEqual(preloads(second.agent), []);
  const third = await ready(t, NODE);
  assert.equal(preloads(third.agent).length, 1);
  third.agent.child.kill("SIGKILL");
  await once(third.agent.child, "exit");
  await gone(third.pid);
  await ready(t, NODE);
  assert.deepEqual(preloads(third.agent), [], "the next agent removes what a killed one left");
});

function preloads(agent: RunningAgent): string[] {
  return readdirSync("/tmp").filter((name) => isPreload(agent, name));
}

function isPreload({ child }: RunningAgent, name: string): boolean {
  return name.startsWith(`devtool-${child.pid}-`);
}

test("what can't be started ahead is started by its request", async (t) => {
  const agent = await startAgent(t, "w3", await temporaryDirectory(t));
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, "node"), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  for (const argv of [
    ["sh", "-c", "echo x"],
    ["node", "--none"],
    [join(directory, "node"), "x"],
    ["/none/node", "x"],
  ]) {
    const command = { argv, cwd: "/", env: {} };
    const [prepared, fresh] = [await connectTo(t, agent), await connectTo(t, agent)];
    prepared.send({ type: "prepare", ...command });
    for (const client of [prepared, fresh]) client.send(asRequest(command));
    const [first, second] = [await prepared.messages(), await fresh.messages()];
    assert.deepEqual(outcome(first), outcome(second));
  }
  assert.equal((await readFile(join(directory, "node"), "utf8")).length > 0, true);
});
