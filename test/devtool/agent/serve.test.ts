import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, symlinkSync } from "node:fs";
import { access, mkdir, readdir, rename, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import test, { before } from "node:test";
import type { ClientMessage } from "../../../devtool/protocol/messages.ts";
import { buildAgent } from "../../rig/agent.ts";
import { temporaryDirectory } from "../../rig/host.ts";
import { gone } from "../../rig/processes.ts";
import { connectTo, spawnAgent, startAgent } from "./agents.ts";

before(buildAgent);

const request = (...argv: string[]): ClientMessage & { readonly type: "request" } => ({
  type: "request",
  argv,
  cwd: "/",
  env: {},
});

test("an agent reports its socket and its host, and ends and removes its directory when its stdin ends", async (t) => {
  const agent = await startAgent(t, "a1", await temporaryDirectory(t));
  const { facts, socket } = agent.hello;
  assert.deepEqual(
    [facts.home, facts.user, facts.uid, facts.platform, facts.arch, facts.node],
    [homedir(), userInfo().username, userInfo().uid, process.platform, process.arch, process.version],
  );
  assert.equal((await stat(dirname(socket))).mode & 0o777, 0o700);
  agent.child.stdin?.end();
  assert.equal(await agent.exited, 0);
  await assert.rejects(access(dirname(socket)));
});

test("unknown arguments are refused, and named in the message", async (t) => {
  const child = spawnAgent(t, ["guest", "a2"], await temporaryDirectory(t));
  assert.ok(child.stderr);
  const [message, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  assert.match(message, /devtool agent: started with unknown arguments: guest a2/);
  assert.equal(code, 1);
});

test("one connection carries one process, from its request to its exit", async (t) => {
  const agent = await startAgent(t, "a3", await temporaryDirectory(t));
  const client = await connectTo(t, agent);
  client.send(request("sh", "-c", "cat; exit 3"));
  assert.equal((await client.next()).type, "started");
  client.send({ type: "stdin", data: Buffer.from("in") }, { type: "stdin-end" });
  const messages = await client.messages();
  assert.deepEqual(messages.at(-1), { type: "exit", code: 3 });
  assert.ok(messages.some((message) => message.type === "stdout" && message.data.toString() === "in"));
});

const REFUSED: readonly (readonly [what: string, bytes: Buffer | readonly ClientMessage[]])[] = [
  ["bytes that are not a frame", Buffer.from("\xff\xff\xff\xff\x01", "latin1")],
  ["a message before the request", [{ type: "stdin-end" }]],
  ["a second request", [request("sleep", "1000"), request("true")]],
];
for (const [what, bytes] of REFUSED) {
  test(`a client that sends ${what} is disconnected, and the agent serves the next`, async (t) => {
    const agent = await startAgent(t, "a4", await temporaryDirectory(t));
    const bad = await connectTo(t, agent);
    if (Buffer.isBuffer(bytes)) bad.socket.write(bytes);
    else bad.send(...bytes);
    const answered = await bad.messages().catch(() => []);
    assert.ok(answered.every(({ type }) => type !== "exit"));
    const good = await connectTo(t, agent);
    good.send(request("true"));
    assert.deepEqual((await good.messages()).at(-1), { type: "exit", code: 0 });
  });
}

test("a client that disconnects ends its process and the children of it", async (t) => {
  const agent = await startAgent(t, "a5", await temporaryDirectory(t));
  const client = await connectTo(t, agent);
  client.send(request("sh", "-c", "sleep 1000 & echo $!; wait"));
  assert.equal((await client.next()).type, "started");
  const output = await client.next();
  assert.ok(output.type === "stdout");
  client.socket.destroy();
  await gone(Number(output.data.toString()));
});

test("a process that ends at the end of its input may do so while the agent ends", async (t) => {
  const cwd = await temporaryDirectory(t);
  const agent = await startAgent(t, "a11", cwd);
  const client = await connectTo(t, agent);
  const ending = "cat; echo read; i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; exit 3";
  client.send({ ...request("sh", "-c", `trap "exit 9" TERM; ${ending}`), endsByItself: true });
  assert.equal((await client.next()).type, "started");
  agent.child.stdin?.end();
  assert.equal((await client.next()).type, "stdout");
  assert.deepEqual(await client.messages(), [{ type: "exit", code: 3 }]);
  assert.equal(await agent.exited, 0);
});

for (const [what, put, errno] of [
  ["is gone", () => {}, "ENOENT"],
  ["has another in its place", (path: string) => mkdirSync(path), "ESTALE"],
  ["has a link in its place", (path: string) => symlinkSync("/tmp", path), "ESTALE"],
] as const) {
  test(`a process whose directory is to stay gets no more input once that ${what}, and is ended`, async (t) => {
    const directory = await temporaryDirectory(t);
    const cwd = join(directory, "mirror");
    await mkdir(cwd);
    const client = await connectTo(t, await startAgent(t, "a9", directory));
    client.send({ ...request("sh", "-c", "read -r a; echo; read -r a; touch ../got"), cwd, fixedCwd: "input" });
    assert.equal((await client.next()).type, "started");
    const line = { type: "stdin", data: Buffer.from("1\n") } as const;
    client.send(line);
    assert.equal((await client.next()).type, "stdout");
    await rename(cwd, join(directory, "moved"));
    put(cwd);
    client.send(line);
    assert.deepEqual(await client.messages(), [{ type: "failed", step: "chdir", errno }]);
    assert.ok(!(await readdir(directory)).includes("got"));
  });
}

test("a process whose directory is to stay is not started where a link is in the path", async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, "real/mirror"), { recursive: true });
  await symlink(join(directory, "real"), join(directory, "link"));
  const agent = await startAgent(t, "a10", directory);
  const errnos: unknown[] = [];
  for (const path of ["link/mirror", "link", "none"]) {
    const client = await connectTo(t, agent);
    client.send({ ...request("true"), cwd: join(directory, path), fixedCwd: "start" });
    errnos.push(...(await client.messages()));
  }
  const failed = (errno: string) => ({ type: "failed", step: "chdir", errno });
  assert.deepEqual(errnos, [failed("ELOOP"), failed("ELOOP"), failed("ENOENT")]);
});

test("a second agent of the same client takes over: the first is ended with every process it ran", async (t) => {
  const directory = await temporaryDirectory(t);
  const first = await startAgent(t, "a6", directory);
  const client = await connectTo(t, first);
  client.send(request("sleep", "1000"));
  const started = await client.next();
  assert.ok(started.type === "started");
  const second = await startAgent(t, "a6", directory);
  assert.equal(await first.exited, 0);
  await gone(started.pid);
  assert.equal(second.hello.socket, first.hello.socket);
  const next = await connectTo(t, second);
  next.send(request("true"));
  assert.deepEqual((await next.messages()).at(-1), { type: "exit", code: 0 });
});

test("directories of agents that were killed are removed once they are an hour old", async (t) => {
  const directory = await temporaryDirectory(t);
  for (const name of ["devtool-old", "devtool-young", "other-old"]) {
    await mkdir(join(directory, name));
    await writeFile(join(directory, name, "pid"), "0");
    if (name.endsWith("old")) await utimes(join(directory, name), 0, 0);
  }
  await startAgent(t, "a7", directory);
  assert.deepEqual((await readdir(directory)).sort(), ["devtool-a7", "devtool-young", "other-old"]);
});

test("where $XDG_RUNTIME_DIR is too long for a socket's path, or missing, the agent listens below /tmp", async (t) => {
  const directory = await temporaryDirectory(t);
  const long = join(directory, "x".repeat(100));
  await mkdir(long);
  for (const [client, runtimeDirectory] of [
    [`a8-${process.pid}`, long],
    [`a9-${process.pid}`, join(directory, "missing")],
  ] as const) {
    const { hello } = await startAgent(t, client, runtimeDirectory);
    assert.equal(hello.socket, `/tmp/devtool-${client}/agent.sock`);
  }
});
