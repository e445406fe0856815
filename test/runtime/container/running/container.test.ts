import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { placesIn } from "../../../../runtime/cgroup/step.ts";
import { Attempt } from "../../../../runtime/container/process/attempt.ts";
import { hostFacts } from "../../../../runtime/container/process/host-facts.ts";
import { type NamedRequest, prepare } from "../../../../runtime/container/request/prepare.ts";
import type { Container, Observer } from "../../../../runtime/container/running/container.ts";
import { start } from "../../../../runtime/container/start.ts";
import { Failure } from "../../../../runtime/failure.ts";
import { openShim } from "../../../../runtime/host/shim.ts";
import { planOf } from "../../../../runtime/plan/plan.ts";
import { directory as directoryOf } from "../../../../runtime/resources/directory.ts";
import { begin, claim, release } from "../../../../runtime/state/claim.ts";
import { entry } from "../../../../runtime/state/entry.ts";
import { temporaryDirectory } from "../../../rig/host.ts";
import { traces } from "../../../rig/leaks.ts";
import { descriptors } from "../../descriptors.ts";

/** As many as a busy server starts at once. */
const MANY = 24;

const directory = await temporaryDirectory({ after });
const root = join(directory, "state");
process.env["TINYDOCKER_ROOT"] = root;
const devNull = openSync("/dev/null", "r+");
after(() => closeSync(devNull));
const stdio = [devNull, devNull, devNull] as const;
const run = async (request: NamedRequest): Promise<Container> => start(await prepare(request), { stdio });
await (await run({ name: "first", args: ["true"] })).exited;
const clean = traces(root);

describe("a container in a Node.js program", () => {
  it("reports when its command started and how it ended", async () => {
    const container = await run({ name: "a", args: ["sh", "-c", "exit 7"] });
    await container.started;
    assert.deepEqual(await container.exited, { code: 7, signal: null });
    assert.deepEqual(traces(root), clean);
  });

  it("has no process yet when its caller makes ready for what that prints and reads", async () => {
    const children = () => readFileSync(`/proc/self/task/${process.pid}/children`, "utf8").split(" ");
    const seen: string[][] = [];
    const beforeSpawn = () => void seen.push(children());
    const container = await start(await prepare({ name: "a", args: ["sleep", "1000"] }), { stdio, beforeSpawn });
    const isThere = (pids: string[]) => pids.includes(String(container.pid));
    assert.deepEqual([...seen, children()].map(isThere), [false, true]);
    container.kill("SIGKILL");
    await container.exited;
  });

  it("can be ended by a signal, although its command is pid 1 and does not handle it", async () => {
    const container = await run({ name: "a", args: ["sleep", "1000"] });
    await container.started;
    assert.match(readFileSync(`/proc/${container.pid}/comm`, "utf8"), /^sleep$/m);
    container.kill("SIGTERM");
    assert.deepEqual(await container.exited, { code: null, signal: "SIGTERM" });
  });

  it("can be ended at once, before its command started", async () => {
    for (let i = 0; i < MANY; i++) {
      const container = await run({ name: "a", args: ["sleep", "1000"] });
      container.kill("SIGINT");
      assert.deepEqual(await container.exited, { code: null, signal: "SIGINT" });
    }
    assert.deepEqual(traces(root), clean);
  });

  it("rejects both of its promises for a command that does not exist, once everything is undone", async () => {
    const container = await run({ name: "a", args: ["nosuch"] });
    const isMissing = (error: unknown) => error instanceof Failure && error.exitCode === 127;
    await assert.rejects(container.started, isMissing);
    assert.deepEqual(traces(root), clean);
    await assert.rejects(container.exited, isMissing);
  });

  it("runs next to many others, each with its own end", async () => {
    const before = descriptors();
    const codes = await Promise.all(
      Array.from({ length: MANY }, async (_, i) => {
        const container = await run({ name: `many${i}`, args: ["sh", "-c", `exit ${i}`] });
        return (await container.exited).code;
      }),
    );
    assert.deepEqual(
      codes,
      Array.from({ length: MANY }, (_, i) => i),
    );
    assert.deepEqual(traces(root), clean);
    assert.deepEqual(descriptors(), before);
  });

  it("leaves Node.js's own signals, descriptors and children alone", async () => {
    // Not pending signals, which differ from one moment to the next.
    const attributes = () =>
      readFileSync("/proc/self/status", "utf8").match(/^(Sig(Blk|Ign|Cgt)|Cap\w+|NoNewPrivs|Umask|Uid|Gid):.*$/gm);
    const before = attributes();
    assert.ok(before?.length);
    await (await run({ name: "a", args: ["true"] })).exited;
    assert.deepEqual(attributes(), before);
    // A dumpable process owns its own /proc entry: a change of uid in the shared memory would give it to root.
    assert.ok(readFileSync("/proc/self/environ").length > 0);
    assert.equal(execFileSync("echo", ["reaped"], { encoding: "utf8" }), "reaped\n");
  });

  it("can be signalled after its end, which reaches no process", async () => {
    const container = await run({ name: "a", args: ["true"] });
    await container.exited;
    const other = spawn("cat");
    const shim = await openShim();
    // One of them has the number that the container's pidfd had.
    const pidfds = Array.from({ length: MANY }, () => shim.pidfd(other.pid ?? 0));
    container.kill("SIGKILL");
    for (const fd of pidfds) closeSync(fd);
    other.stdin.end();
    assert.deepEqual(await once(other, "close"), [0, null]);
  });
});

describe("a start that fails in this program", () => {
  const quiet: Observer = { planned: () => {}, took: () => {}, skipped: () => {} };
  const thrower = () => void readFileSync("/nowhere");

  for (const [title, observer] of [
    ["before the process is made", { ...quiet, planned: thrower }],
    ["during the steps", { ...quiet, took: thrower }],
  ] as const) {
    it(`ends the container and undoes everything: an observer that throws ${title}`, async () => {
      const before = descriptors();
      const spec = await prepare({ name: "a", args: ["sleep", "1000"] });
      const outcome = start(spec, { stdio, observer }).then(({ exited }) => exited);
      await assert.rejects(outcome, /^Failure: the observer of the start failed: ENOENT/);
      assert.deepEqual(traces(root), clean);
      assert.deepEqual(descriptors(), before);
    });
  }

  it("ends and reaps the process and reports why: it can't be recorded in the journal", async () => {
    const shim = await openShim();
    const before = descriptors();
    const spec = await prepare({ name: "a", args: ["sleep", "1000"] });
    const held = await claim(shim, root, "a");
    const network = { facts: { hosts: "", links: [] }, prepared: () => [], close: () => {} };
    const facts = hostFacts(spec, held.places, { upperInMemory: false, upperKept: false }, network.facts);
    const cgroups = { kind: "cgroups", places: placesIn(planOf(spec, facts).outside) } as const;
    begin(held, [entry(directoryOf("work"), "exit"), entry(directoryOf("upper"), "removal"), entry(cgroups, "exit")]);
    const readOnly = openSync(held.places.lock, "r");
    const launch = { shim, spec, id: "", options: { stdio }, held: { ...held, fd: readOnly }, network, kept: false };
    const attempt = new Attempt(launch, false, { executed: () => {}, typed: () => {} });
    const end = await attempt.ended;
    assert.equal(end.before.state, "aborted");
    assert.match(String(end.before.state === "aborted" && end.before.error), /EBADF/);
    assert.deepEqual(end.status, { code: null, signal: "SIGKILL" });
    assert.ok(!existsSync(`/proc/${attempt.spawned.pid}`));
    closeSync(readOnly);
    await release(shim, held);
    assert.deepEqual(traces(root), clean);
    assert.deepEqual(descriptors(), before);
  });
});
