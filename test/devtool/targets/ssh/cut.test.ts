import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, connect as tcp } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import test, { before, type TestContext } from "node:test";
import { ConnectionLost, Failure } from "../../../../devtool/failure.ts";
import { buildAgent } from "../../../rig/agent.ts";
import { startSshdForOpenSsh } from "../../../rig/certificate.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { emptied, gone, kill } from "../../../rig/processes.ts";
import { type Sshd, startSshd } from "../../../rig/sshd.ts";
import { connectTo, firstLine, outcome, targetOn } from "../connected.ts";
import { detached } from "../terminal.ts";

before(buildAgent);

const BUSY = "sleep 1000 & echo $!; wait";
const lost = (error: unknown) => error instanceof ConnectionLost;

async function agentOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

for (const [transport, start] of [
  ["the library", startSshd],
  ["OpenSSH's own ssh", startSshdForOpenSsh],
] as const) {
  test(`${transport}: when sshd's process for the connection is killed, exited rejects, streams end, and nothing is left running`, async (t) => {
    const sshd = await start(t);
    const connection = await connectTo(t, targetOn(sshd));
    const process = await connection.exec(["sh", "-c", BUSY]);
    const child = Number(await firstLine(process));
    const agent = await agentOf(await agentOf(child));
    await sshd.cut();
    const rest = outcome(process);
    await assert.rejects(process.exited, lost);
    await assert.rejects(rest, lost);
    assert.ok(process.stdin.destroyed);
    assert.ok(lost(await connection.closed));
    await assert.rejects(connection.exec(["true"]), lost);
    await gone(child);
    await gone(agent);
  });

  test(`${transport}: where the agent's socket was removed, as by a clean-up of /tmp, the connection counts as lost`, async (t) => {
    const sshd = await start(t);
    const connection = await connectTo(t, targetOn(sshd));
    await outcome(await connection.exec(["true"]));
    const [directory = ""] = await readdir(sshd.runtimeDirectory);
    await rm(join(sshd.runtimeDirectory, directory), { recursive: true });
    await outcome(await connection.exec(["true"])); // on the connection that was open already
    await assert.rejects(connection.exec(["true"]), (error) => {
      assert.ok(error instanceof ConnectionLost);
      assert.match(error.message, /^the socket of the agent on .* was removed$|^the connection to .* was lost$/);
      return true;
    });
  });

  test(`${transport}: closing a connection ends what was started through it, agent and session alike`, async (t) => {
    const sshd = await start(t);
    const connection = await connectTo(t, targetOn(sshd));
    const processes = [
      await connection.exec(["sh", "-c", BUSY]),
      await connection.exec(["sh", "-c", BUSY], { withoutAgent: true }),
    ];
    const children = await Promise.all(processes.map(firstLine));
    assert.equal((await readdir(sshd.runtimeDirectory)).length, 1);
    await connection.close();
    assert.equal(await connection.closed, undefined);
    await Promise.allSettled(processes.map(({ exited }) => exited));
    for (const child of children) await gone(Number(child));
    assert.deepEqual(await readdir(sshd.runtimeDirectory), []);
  });

  test(`${transport}: killing the client's process ends what it started, and leaves nothing here`, async (t) => {
    const sshd = await start(t);
    const temporary = await temporaryDirectory(t);
    const client = detached(sshd, { ...process.env, TMPDIR: temporary }, "sh", "-c", BUSY);
    assert.ok(client.stdout);
    const lines = createInterface({ input: client.stdout });
    let child = 0;
    for await (const line of lines) {
      child = Number(line);
      if (child > 0) break;
    }
    const ofClient = spawnSync("pgrep", ["-P", String(client.pid)], { encoding: "utf8" })
      .stdout.split("\n")
      .filter(Boolean);
    client.kill("SIGKILL");
    assert.deepEqual(await once(client, "exit"), [null, "SIGKILL"]);
    await gone(child);
    for (const pid of ofClient) await gone(Number(pid));
    assert.deepEqual(
      (await readdir(temporary)).filter((name) => name.startsWith("devtool")),
      [],
    );
  });
}

test("an agent that ends is a lost connection, which the `exited` of its processes reports", async (t) => {
  const sshd = await startSshd(t);
  const connection = await connectTo(t, targetOn(sshd));
  const process = await connection.exec(["sh", "-c", "echo $PPID; exec cat"]);
  const agent = Number(await firstLine(process));
  kill(agent);
  await assert.rejects(process.exited, lost);
  assert.match((await connection.closed)?.message ?? "", /the agent on rig ended/);
  await assert.rejects(connection.exec(["true"]), lost);
});

test("what ran without the agent when the connection was lost is ended before the next command starts", async (t) => {
  const sshd = await startSshd(t);
  const target = targetOn(sshd);
  const first = await connectTo(t, target);
  const old = await first.exec(["sh", "-c", "echo $$; exec tail -f /dev/null"], {
    withoutAgent: true,
  });
  const child = Number(await firstLine(old));
  await sshd.cut();
  await assert.rejects(old.exited, lost);
  const second = await connectTo(t, target);
  const { stdout } = await outcome(
    second.exec(["sh", "-c", `grep -qs "^State:.[^Z]" /proc/${child}/status || echo ended`], { withoutAgent: true }),
  );
  assert.equal(stdout, "ended\n");
});

test("when a client reconnects before the target has noticed the cut, its old processes are ended", async (t) => {
  const sshd = await startSshd(t);
  const proxy = await startProxy(t, sshd, Number.POSITIVE_INFINITY);
  const target = targetOn(sshd);
  const first = await connectTo(t, target);
  const old = await first.exec(["sh", "-c", BUSY]);
  const child = Number(await firstLine(old));
  proxy.freeze();
  const second = await connectTo(t, target);
  await outcome(second.exec(["true"]));
  await gone(child);
});

interface Proxy {
  /** Passes nothing on any more, and closes nothing. */
  freeze(): void;
  /** The number of connections cut because their bytes had passed. */
  cuts(): number;
}

/** A TCP proxy in front of sshd, which the rig's configuration then leads through. */
async function startProxy(t: TestContext, sshd: Sshd, bytesUntilCut: number): Promise<Proxy> {
  let pairs: (() => void)[] = [];
  let bytesLeft = bytesUntilCut;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = tcp(sshd.port, "127.0.0.1");
    const cut = () => {
      client.destroy();
      upstream.destroy();
    };
    const freeze = () => {
      client.unpipe().pause();
      upstream.unpipe().pause();
    };
    pairs.push(freeze);
    for (const socket of [client, upstream]) {
      socket.on("error", cut).on("close", cut);
      socket.on("data", (chunk) => {
        bytesLeft -= chunk.length;
        if (bytesLeft >= 0 || socket.destroyed) return;
        cuts++;
        cut();
      });
    }
    client.pipe(upstream);
    upstream.pipe(client);
    t.after(() => cut());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => void server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const config = await readFile(sshd.configFile, "utf8");
  const known = await readFile(sshd.knownHostsFile, "utf8");
  await writeFile(sshd.knownHostsFile, known.replaceAll(/:\d+ /g, `:${address.port} `));
  await writeFile(sshd.configFile, config.replace(/Port \d+/, `Port ${address.port}`));
  return {
    freeze: () => {
      assert.ok(pairs.length > 0, "there is no connection to freeze");
      for (const freeze of pairs) freeze();
      pairs = [];
    },
    cuts: () => cuts,
  };
}

test("a connection cut after any number of bytes is reported as a Failure, and leaves nothing behind", async (t) => {
  const sshd = await startSshd(t);
  const agents: number[] = [];
  // From the first bytes of the greeting, through key exchange, log-in, upload and handshake, into a process's output.
  for (const bytes of [
    0, 10, 500, 1500, 2500, 3500, 4500, 6000, 8000, 12_000, 20_000, 30_000, 36_000, 50_000, 100_000, 2_000_000,
  ]) {
    await writeFile(
      sshd.configFile,
      (await readFile(sshd.configFile, "utf8")).replace(/Port \d+/, `Port ${sshd.port}`),
    );
    const proxy = await startProxy(t, sshd, bytes);
    const flow = async () => {
      const connection = await targetOn(sshd).connect(AbortSignal.timeout(30_000));
      t.after(() => connection.close());
      const process = await connection.exec(["sh", "-c", "echo $PPID; exec cat /dev/zero"]);
      const line = await firstLine(process);
      if (line !== "") agents.push(Number(line));
      process.stdout.resume();
      await process.exited;
    };
    await assert.rejects(flow(), Failure, `cut after ${bytes} bytes`);
    assert.ok(proxy.cuts() > 0, `not cut after ${bytes} bytes`);
  }
  assert.ok(agents.length > 0, "no cut came as late as a process's output");
  for (const agent of agents) await gone(agent);
  for (const pid of await sshd.connections()) await gone(pid);
  await emptied(sshd.runtimeDirectory);
  const names = await readdir(join(sshd.home, ".cache/devtool"));
  assert.ok(names.filter((name) => name.endsWith(".mjs")).length <= 1, names.join());
  await sshd.stop();
});
