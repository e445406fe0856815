import assert from "node:assert/strict";
import { once } from "node:events";
import { access, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, type TestContext, test } from "node:test";
import { Failure } from "../../../devtool/failure.ts";
import type { Endpoint } from "../../../devtool/ports/endpoint.ts";
import type { Event } from "../../../devtool/report/events.ts";
import { openForwards, openReverse } from "../../../devtool/run/forward.ts";
import { localTarget } from "../../../devtool/targets/local/local.ts";
import type { Connection } from "../../../devtool/targets/target.ts";
import { buildAgent } from "../../rig/agent.ts";
import { startSshdForOpenSsh } from "../../rig/certificate.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { gone } from "../../rig/processes.ts";
import { startSshd } from "../../rig/sshd.ts";
import { freePort } from "../ports/free-port.ts";
import { lacks, makeProject, startDevtool } from "../rig.ts";
import { connectTo, targetOn } from "../targets/connected.ts";

const CARRIERS = ["SSH", "OpenSSH's own ssh", "this machine"] as const;
const open = new Map<(typeof CARRIERS)[number], Connection>();
const cleanups: (() => Promise<void>)[] = [];
const scope = { after: (cleanup: () => Promise<void>) => void cleanups.unshift(cleanup) };
before(async () => {
  await buildAgent();
  open.set("SSH", await connectTo(scope, targetOn(await startSshd(scope))));
  open.set("OpenSSH's own ssh", await connectTo(scope, targetOn(await startSshdForOpenSsh(scope))));
  open.set("this machine", await connectTo(scope, localTarget("local", { sudo: undefined })));
});
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});

function connectionOf(carrier: (typeof CARRIERS)[number]): Connection {
  const connection = open.get(carrier);
  assert.ok(connection);
  return connection;
}

/** Answers with what it was sent, once that has ended, and `!`. */
async function startEcho(t: TestContext, at: { port: number } | { path: string } = { port: 0 }): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = [];
    socket.on("error", () => {}).on("data", (chunk: Buffer) => void chunks.push(chunk));
    socket.on("end", () => socket.end(Buffer.concat([...chunks, Buffer.from("!")])));
  });
  server.listen("port" in at ? { ...at, host: "127.0.0.1" } : at);
  await once(server, "listening");
  t.after(() => server.close());
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function tcp(port: number, host = "localhost"): Endpoint {
  return { kind: "tcp", host, port };
}

async function ask(at: { port: number; host?: string } | { path: string }, question: Buffer): Promise<Buffer> {
  const socket = connect({ ...at, allowHalfOpen: true });
  await once(socket, "connect");
  const answer = buffer(socket);
  socket.end(question);
  return await answer;
}

function collect(): { events: Event[]; report: (event: Event) => void } {
  const events: Event[] = [];
  return { events, report: (event) => void events.push(event) };
}

test("what never answers a debugger is named once, with what to do, and one that answers is not", async (t) => {
  const silent = createServer((socket) => void socket.on("error", () => {})).listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const [listen, other] = [tcp(await freePort()), tcp(await freePort())];
  const told: string[] = [];
  let tell = () => {};
  const wasTold = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const report = (event: Event) => {
    if (event.event !== "notice") return;
    told.push(event.text);
    tell();
  };
  const mappings = [
    { listen: other, to: tcp(portOf(await startEcho(t)), "127.0.0.1"), answersAtOnce: true },
    { listen, to: tcp(portOf(silent), "127.0.0.1"), answersAtOnce: true },
  ];
  const forwards = await openForwards(mappings, async () => connectionOf("SSH"), report);
  t.after(() => forwards.close());
  assert.ok(listen.kind === "tcp" && other.kind === "tcp");
  assert.equal(String(await ask({ port: other.port }, Buffer.from("hello"))), "hello!");
  const debuggers = [connect(listen.port, "127.0.0.1"), connect(listen.port, "127.0.0.1")];
  for (const socket of debuggers) socket.on("error", () => {}).write("GET /json HTTP/1.1\r\n\r\n");
  await wasTold;
  for (const socket of debuggers) socket.destroy();
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /did not answer the debugger within 5 s: is it the program's\?/);
});

for (const carrier of CARRIERS) {
  test(`${carrier}: both ways of a forwarded connection pass, and end by themselves`, async (t) => {
    const server = await startEcho(t);
    const listen = tcp(await freePort());
    const { events, report } = collect();
    const forwards = await openForwards(
      [{ listen, to: tcp(portOf(server)) }],
      async () => connectionOf(carrier),
      report,
    );
    t.after(() => forwards.close());
    const question = Buffer.alloc(3_000_000, "0123456789abcdef");
    assert.ok(listen.kind === "tcp");
    for (const host of ["127.0.0.1", "::1"]) {
      const answer = await ask({ port: listen.port, host }, question);
      assert.ok(answer.equals(Buffer.concat([question, Buffer.from("!")])), `${answer.length} bytes from ${host}`);
    }
    assert.deepEqual(
      events.map(({ event }) => event),
      ["forwarded"],
    );
  });
}

test("a socket of the target is a socket here, for its owner alone, and one that a killed devtool left is replaced", async (t) => {
  const directory = await temporaryDirectory(t);
  const [here, there] = [join(directory, "here.sock"), join(directory, "there.sock")];
  await startEcho(t, { path: there });
  // Node.js removes its socket at the end, unless it was renamed.
  const stale = createServer().listen(here);
  await once(stale, "listening");
  const { rename, stat } = await import("node:fs/promises");
  await rename(here, `${here}.kept`);
  stale.close();
  await once(stale, "close");
  await rename(`${here}.kept`, here);
  const mapping = { listen: { kind: "socket", path: here }, to: { kind: "socket", path: there } } as const;
  const forwards = await openForwards(
    [mapping],
    async () => connectionOf("SSH"),
    () => {},
  );
  assert.equal((await stat(here)).mode & 0o777, 0o600);
  assert.equal(String(await ask({ path: here }, Buffer.from("socket"))), "socket!");
  forwards.close();
  await assert.rejects(access(here));
});

test("a port that is in use here is refused with its user, and nothing stays open", async (t) => {
  const [server, free] = [await startEcho(t), await freePort()];
  const mappings = [free, portOf(server)].map((port) => ({ listen: tcp(port), to: tcp(80) }));
  await assert.rejects(
    openForwards(
      mappings,
      async () => connectionOf("SSH"),
      () => {},
    ),
    (error) =>
      error instanceof Failure &&
      error.code === "port-in-use" &&
      error.exitCode === 2 &&
      error.message === `can't listen on localhost:${portOf(server)}: process ${process.pid} (node) uses it`,
  );
  await assert.rejects(ask({ port: free }, Buffer.alloc(0)), { code: "ECONNREFUSED" });
  const inspector = { listen: tcp(portOf(server)), to: tcp(80), answersAtOnce: true };
  await assert.rejects(
    openForwards(
      [inspector],
      async () => connectionOf("SSH"),
      () => {},
    ),
    { code: "port-in-use", remedy: "end it, or let the debugger in at another port: --inspect=PORT" },
  );
});

test("an address that this machine does not have is refused in words, with what to write in its place", async () => {
  const listen = { kind: "tcp", host: "192.0.2.1", port: await freePort() } as const;
  const opened = openForwards(
    [{ listen, to: tcp(80) }],
    async () => connectionOf("SSH"),
    () => {},
  );
  await assert.rejects(opened, {
    code: "port-refused",
    message: `can't listen on 192.0.2.1:${listen.port}: this machine does not have that address (EADDRNOTAVAIL)`,
    remedy: "write an address of this machine, or none for localhost: PORT:PORT",
  });
});

test("a regular file in the way of a socket stays there", async (t) => {
  const path = join(await temporaryDirectory(t), "file");
  await writeFile(path, "mine");
  const mapping = { listen: { kind: "socket", path }, to: tcp(80) } as const;
  await assert.rejects(
    openForwards(
      [mapping],
      async () => connectionOf("SSH"),
      () => {},
    ),
    Failure,
  );
  await access(path);
});

test("a socket whose folder is missing is refused with the folder to make", async (t) => {
  const folder = join(await temporaryDirectory(t), "none");
  const mapping = { listen: { kind: "socket", path: join(folder, "a.sock") }, to: tcp(80) } as const;
  await assert.rejects(
    openForwards(
      [mapping],
      async () => connectionOf("SSH"),
      () => {},
    ),
    {
      code: "port-refused",
      exitCode: 2,
      message: /no such file or directory/,
      remedy: `make its folder: mkdir -p ${folder}`,
    },
  );
});

test("a server that does not listen yet is said once, until it has answered", async (t) => {
  const [listen, to] = [await freePort(), await freePort()];
  const { events, report } = collect();
  const mapping = { listen: tcp(listen), to: tcp(to) };
  const forwards = await openForwards([mapping], async () => connectionOf("SSH"), report);
  t.after(() => forwards.close());
  const question = Buffer.from("q");
  for (let attempt = 0; attempt < 2; attempt += 1) {
    // Closed before, or while it is written to.
    assert.equal(String(await ask({ port: listen }, question).catch(() => "")), "");
  }
  await startEcho(t, { port: to });
  assert.equal(String(await ask({ port: listen }, question)), "q!");
  const notices = events.flatMap((event) => (event.event === "notice" ? [event.text] : []));
  assert.equal(notices.length, 1);
  assert.match(
    notices[0] ?? "",
    /nothing accepts a connection to localhost:\d+ on rig: check that the program listens/,
  );
});

test("a connection waits while the one to the target is reopened", async (t) => {
  const server = await startEcho(t);
  const listen = await freePort();
  let reopen: (connection: Connection) => void = () => {};
  const reopened = new Promise<Connection>((resolve) => {
    reopen = resolve;
  });
  const mapping = { listen: tcp(listen), to: tcp(portOf(server)) };
  const forwards = await openForwards(
    [mapping],
    () => reopened,
    () => {},
  );
  t.after(() => forwards.close());
  const answer = ask({ port: listen }, Buffer.from("later"));
  reopen(connectionOf("SSH"));
  assert.equal(String(await answer), "later!");
});

test("closing ends connections that are open", async (t) => {
  const server = await startEcho(t);
  const listen = await freePort();
  const mapping = { listen: tcp(listen), to: tcp(portOf(server)) };
  const forwards = await openForwards(
    [mapping],
    async () => connectionOf("SSH"),
    () => {},
  );
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const socket = connect({ port: listen }).on("error", () => {});
  socket.write("some");
  const [there] = await accepted;
  forwards.close();
  await Promise.all(
    [socket, there].map((end) => new Promise((resolve) => end.on("error", () => {}).on("close", resolve))),
  );
});

for (const carrier of ["SSH", "this machine"] as const) {
  test(`${carrier}: a port and a socket of the target reach this machine`, async (t) => {
    const server = await startEcho(t);
    const [port, path] = [await freePort(), join(await temporaryDirectory(t), "there.sock")];
    const to = tcp(portOf(server));
    const mappings = [{ listen: tcp(port), to }, { listen: { kind: "socket", path }, to } as const];
    const { events, report } = collect();
    await openReverse(mappings, connectionOf(carrier), report);
    assert.deepEqual(
      events.map((event) => event.event === "forwarded" && event.direction),
      ["reverse", "reverse"],
    );
    for (const at of [{ port }, { path }]) assert.equal(String(await ask(at, Buffer.from("back"))), "back!");
  });
}

test("a socket that sshd left on the target is listened on again, and one that another process listens on stays", async (t) => {
  const [server, folder] = [await startEcho(t), await temporaryDirectory(t)];
  const [path, used] = [join(folder, "there.sock"), join(folder, "used.sock")];
  const mapping = { listen: { kind: "socket", path }, to: tcp(portOf(server)) } as const;
  const sshd = await startSshd(t);
  const before = await targetOn(sshd).connect(AbortSignal.timeout(30_000));
  await openReverse([mapping], before, () => {});
  const pids = await sshd.connections();
  await before.close();
  for (const pid of pids) await gone(pid);
  await access(path);
  await openReverse([mapping], connectionOf("SSH"), () => {});
  assert.equal(String(await ask({ path }, Buffer.from("again"))), "again!");
  await startEcho(t, { path: used });
  const { events, report } = collect();
  await openReverse([{ ...mapping, listen: { kind: "socket", path: used } }], connectionOf("SSH"), report);
  assert.match(JSON.stringify(events), /does not listen on .*used\.sock: check that the path is free there/);
  assert.equal(String(await ask({ path: used }, Buffer.from("theirs"))), "theirs!");
});

test("a port that is in use on the target is a notice that says so, and listened on once it is free", async (t) => {
  const held = createServer().listen({ port: 0, host: "::" });
  await once(held, "listening");
  const port = portOf(held);
  const { events, report } = collect();
  let tell = () => {};
  const isOpen = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const mapping = { listen: tcp(port), to: tcp(portOf(await startEcho(t))) };
  await openReverse([mapping], connectionOf("SSH"), (event) => {
    report(event);
    if (event.event === "forwarded") tell();
  });
  assert.match(JSON.stringify(events), /does not listen on localhost:\d+: check that the port is free there/);
  held.close();
  await isOpen;
  assert.deepEqual(
    events.map(({ event }) => event),
    ["notice", "forwarded"],
    "it is said once",
  );
  assert.equal(String(await ask({ port }, Buffer.from("late"))), "late!");
});

test("what a container of the command publishes is named, and forwarded where that is asked for", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const project = await makeProject(t);
  const sshd = await startSshd(t);
  const port = await freePort();
  const way = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  const start = ["echo", "tinydocker", "run", "-p", `${port}:80`, "-p", "60000-60001:1-2", "-p", "53:53/udp", "web"];
  const config = (forward: readonly string[]) =>
    project.write({ "devtool.config.ts": `export default ${JSON.stringify({ run: start, forward })};\n` });
  await config([]);
  const told = startDevtool(t, project, ["run", ...way]);
  for (const how of [
    `${port}: --forward ${port} makes it localhost:${port} here`,
    "60000-60001: --forward published makes each the same port of localhost here",
    "53/udp: it can't be forwarded, as SSH forwards TCP only",
  ])
    assert.equal((await told.next("notice")).text, `the container publishes ${how}`);
  assert.equal((await told.ended).code, 0);
  await config(["published"]);
  const { listen, to } = await startDevtool(t, project, ["run", ...way]).next("forwarded");
  assert.deepEqual([listen, to], [`localhost:${port}`, `localhost:${port}`]);
});

test("a port that would be forwarded to itself, since the target is this machine, is refused by run and watch", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const project = await makeProject(t, { "devtool.config.ts": 'export default { run: ["echo", "ran"] };\n' });
  const sshd = await startSshd(t);
  const [port, other] = [await freePort(), await freePort()];
  const start = (command: string, ...flags: string[]) =>
    startDevtool(t, project, [command, "--json", "--ssh-config", sshd.configFile, "--target", sshd.host, ...flags]);
  for (const [command, ...flags] of [
    ["run", "--forward", `${port}`],
    ["watch", "--forward", `*:${port}:127.0.0.1:${port}`],
    ["run", "--reverse", `${port}:${other}`, "--forward", `${other}:${port}`],
  ] as const) {
    const devtool = start(command, ...flags);
    const { code, message, remedy } = await devtool.next("failed");
    assert.deepEqual([code, (await devtool.ended).code], ["usage", 2], message);
    assert.match(message, /^rig is this machine, so .*:\d+ would forward \S+:\d+ to itself$/);
    assert.match(remedy ?? "", /^leave it out/);
    assert.ok(!devtool.lines.some((line) => line.includes('"started"')));
  }
  const fine = start("run", "--forward", `${port}:${other}`);
  assert.equal((await fine.ended).code, 0, fine.lines.join("\n"));
});
