import assert from "node:assert/strict";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { isEither, isOneOf, isRecordOf, isText } from "../../../runtime/shape.ts";
import { traces } from "../../rig/leaks.ts";
import { busyboxRootfs, outcomeOf, tinydocker } from "../../rig/tinydocker.ts";
import { killedAt } from "../killed-at.ts";

/** Each verb in its own process, so that only the state directory passes a container from one to the next. */
const rig = await tinydocker({ after }, "test/runtime/container/verbs.ts");
const verb = (...words: string[]) => rig.run(words);
const printedBy = (stdout: string): unknown => JSON.parse(stdout.trim().split("\n").at(-1) ?? "");

const rootfs = await busyboxRootfs(join(rig.directory, "rootfs"));
await succeeds("import", "box", rootfs);
await succeeds("run", "first", "true");
const clean = traces(rig.root);

async function succeeds(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await verb(...words);
  assert.deepEqual([code, stderr], [0, ""], words.join(" "));
  return stdout;
}

async function fails(message: RegExp, ...words: string[]): Promise<void> {
  const { code, stderr } = await verb(...words);
  assert.equal(code, 125, words.join(" "));
  assert.match(stderr, message);
}

const isFound = isRecordOf({
  status: isRecordOf({ state: isText }, { exit: isRecordOf({ status: isEither(isOneOf("unknown"), isRecordOf({})) }) }),
});

/** Undefined where there is no such container; else its state, with how it ended. */
async function stateOf(name: string): Promise<string | undefined> {
  const found = printedBy(await succeeds("find", name));
  if (found === null) return undefined;
  assert.ok(isFound(found));
  const { state, exit } = found.status;
  return exit ? `${state} ${JSON.stringify(exit.status)}` : state;
}

/** Starts it, and waits for the first thing it prints. */
async function startedBy(...words: string[]) {
  const child = rig.spawn(words);
  const outcome = outcomeOf(child);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return { child, outcome };
}

/** An unused id. */
const UID = 54_321;
const DONE = { code: 0, signal: null, stdout: "null\n", stderr: "" };
const ENDED = `stopped ${JSON.stringify({ code: 0, signal: null })}`;
const APPEND = ["sh", "-c", "echo line >>/file; cat /file; read wait </dev/null; true"];

describe("a container that is kept", () => {
  it("is created, runs, keeps its files when it is stopped, runs again on them, and is removed without a trace", async () => {
    await succeeds("create", "k1", ...APPEND);
    assert.equal(await stateOf("k1"), "created");
    assert.match(await succeeds("start", "k1"), /^line\n\{/);
    assert.equal(await stateOf("k1"), ENDED);
    assert.equal(readFileSync(join(rig.root, "containers/k1/file"), "utf8"), "line\n");
    assert.match(await succeeds("start", "k1"), /^line\nline\n\{/);
    await succeeds("remove", "k1");
    assert.equal(await stateOf("k1"), undefined);
    assert.deepEqual(traces(rig.root), clean);
  });

  it("stays unchanged while others run and clean up", async () => {
    await succeeds("create", "k1", ...APPEND);
    await succeeds("start", "k1");
    const kept = traces(rig.root);
    await succeeds("run", "other", "true");
    assert.deepEqual(traces(rig.root), kept);
    assert.equal(await stateOf("k1"), ENDED);
    await succeeds("remove", "k1");
  });

  it("whose exit can't be recorded is reported, and the next run records that it ended", async () => {
    await succeeds("create", "k1", "sh", "-c", "echo up; read line; exit 3");
    const child = rig.spawn(["start", "k1"]);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    const inTheWay = join(rig.root, "records/.k1");
    mkdirSync(inTheWay);
    const { code, stderr } = await outcomeOf(child, "go\n");
    assert.equal(code, 125);
    assert.match(stderr, /can't store the container's state in \S+: EISDIR/);
    rmdirSync(inTheWay);
    await succeeds("run", "other", "true");
    assert.equal(await stateOf("k1"), 'stopped "unknown"');
    await succeeds("remove", "k1");
    assert.deepEqual(traces(rig.root), clean);
  });

  it("keeps its name reserved", async () => {
    await succeeds("create", "k1", "true");
    await fails(/the name k1 is in use by a container that was kept/, "create", "k1", "true");
    await fails(/the name k1 is in use by a container that was kept/, "run", "k1", "true");
    assert.equal(await stateOf("k1"), "created");
    await succeeds("remove", "k1");
    assert.deepEqual(traces(rig.root), clean);
  });

  it("records how it ended, also when its command failed or could not be started", async () => {
    await succeeds("create", "k1", "sh", "-c", "exit 7");
    await succeeds("start", "k1");
    assert.equal(await stateOf("k1"), 'stopped {"code":7,"signal":null}');
    assert.deepEqual(printedBy(await succeeds("wait", "k1")), { code: 7, signal: null });
    await succeeds("remove", "k1");
    await succeeds("create", "k1", "nosuch");
    await fails(/no command nosuch/, "start", "k1");
    assert.equal(await stateOf("k1"), "created");
    await succeeds("remove", "k1");
    assert.deepEqual(traces(rig.root), clean);
  });
});

describe("a container that is kept without root", () => {
  it("runs again on its files, on an image and on the machine's own root", async () => {
    const home = join(rig.directory, "home");
    mkdirSync(home);
    chownSync(home, UID, UID);
    const root = join(home, "state");
    const asUser = ["setpriv", "--reuid", String(UID), "--regid", String(UID), "--clear-groups", "--"];
    const run = (...words: string[]) => rig.run(words, { prefix: asUser, env: { HOME: home, TINYDOCKER_ROOT: root } });
    await run("import", "box", rootfs);
    for (const image of ["box", "host"]) {
      const command = ["sh", "-c", "echo line >>/etc/file; cat /etc/file"];
      const created = await run("create", "k1", ...command, `--image=${image}`);
      assert.deepEqual([created.code, created.stderr], [0, ""]);
      for (const lines of ["line\n", "line\nline\n"]) {
        const { code, stdout, stderr } = await run("start", "k1");
        assert.deepEqual([code, stderr], [0, ""]);
        assert.ok(stdout.startsWith(`${lines}{`), stdout);
      }
      assert.deepEqual(await run("remove", "k1"), DONE);
      assert.deepEqual(traces(root).state, []);
    }
  });
});

describe("a running container", () => {
  for (const kept of [true, false]) {
    it(`can be waited for and signalled by another process: ${kept ? "kept" : "removed at its exit"}`, async () => {
      const command = ["sh", "-c", "trap 'exit 9' TERM; sleep 1000 & echo up; wait"];
      if (kept) await succeeds("create", "r1", ...command);
      const { outcome } = await startedBy(...(kept ? ["start", "r1"] : ["run", "r1", ...command]));
      assert.equal(await stateOf("r1"), "running");
      const waited = await succeeds("wait-and-kill", "r1");
      assert.deepEqual(printedBy((await outcome).stdout), { code: 9, signal: null });
      assert.deepEqual(printedBy(waited), { code: 9, signal: null });
      if (kept) await succeeds("remove", "r1");
      assert.deepEqual(traces(rig.root), clean);
    });

    it(`is neither removed nor started a second time: ${kept ? "kept" : "removed at its exit"}`, async () => {
      const command = ["sh", "-c", "echo up; read line; echo $line"];
      if (kept) await succeeds("create", "r1", ...command);
      const child = rig.spawn(kept ? ["start", "r1"] : ["run", "r1", ...command]);
      await once(child.stdout as NodeJS.ReadableStream, "data");
      await fails(/the container r1 is running/, "remove", "r1");
      await fails(/the name r1 is in use by a running container/, "start", "r1");
      const { stdout } = await outcomeOf(child, "still here\n");
      assert.match(stdout, /^still here\n\{"code":0/m);
      if (kept) await succeeds("remove", "r1");
      assert.deepEqual(traces(rig.root), clean);
    });
  }

  it("that is kept is stopped, not removed, when its owner is killed", async () => {
    await succeeds("create", "r1", "sh", "-c", "echo x >>/file; cat /file; exec sleep 1000");
    for (const content of ["x\n", "x\nx\n"]) {
      const { child, outcome } = await startedBy("start", "r1");
      child.kill("SIGKILL");
      assert.equal((await outcome).signal, "SIGKILL");
      // With and without another run before it.
      if (content === "x\n") await succeeds("run", "other", "true");
      assert.equal(printedBy(await succeeds("wait", "r1")), "unknown");
      assert.equal(await stateOf("r1"), 'stopped "unknown"');
      assert.equal(readFileSync(join(rig.root, "containers/r1/file"), "utf8"), content);
    }
    await succeeds("remove", "r1");
    assert.deepEqual(traces(rig.root), clean);
  });
});

describe("a verb that the container's state does not allow", () => {
  it("is refused with that state", async () => {
    for (const words of ["start", "kill", "wait", "remove"]) await fails(/there is no container none/, words, "none");
    await succeeds("create", "k1", "true");
    await fails(/k1 is not running: it is created/, "kill", "k1");
    await fails(/k1 was not started/, "wait", "k1");
    await succeeds("start", "k1");
    await fails(/k1 is not running: it is stopped/, "kill", "k1");
    await succeeds("remove", "k1");
    assert.deepEqual(traces(rig.root), clean);
  });
});

describe("kill -9 of create, start and remove at any step", () => {
  // The leftovers of a failed test would make all later ones fail.
  afterEach(async () => void (await verb("remove", "k1")));

  const killed = async (call: string, n: number, ...words: string[]) => {
    const { signal } = await rig.run(words, { prefix: killedAt(rig.directory, call, n) });
    assert.equal(signal, "SIGKILL", `${words[0]} was killed at ${call} ${n}`);
  };

  for (const [call, n, state] of [
    ["flock", 1, undefined],
    ["fsync", 1, undefined],
    ["rename", 1, undefined],
    ["unlink", 1, "created"],
  ] as const) {
    it(`create at ${call} ${n} leaves a complete container or none`, async () => {
      await killed(call, n, "create", "k1", ...APPEND);
      assert.equal(await stateOf("k1"), state);
      await succeeds("run", "other", "true");
      if (state) await succeeds("remove", "k1");
      assert.deepEqual(traces(rig.root), clean);
    });
  }

  for (const [call, n, state] of [
    ["flock", 1, "created"],
    ["memfd_create", 2, "created"],
    ["waitid", 1, 'stopped "unknown"'],
    ["fsync", 1, 'stopped "unknown"'],
    ["rename", 1, 'stopped "unknown"'],
    ["rmdir", 1, ENDED],
    ["unlink", 1, ENDED],
  ] as const) {
    it(`start at ${call} ${n} leaves a container that can be started again`, async () => {
      await succeeds("create", "k1", ...APPEND);
      await killed(call, n, "start", "k1");
      await succeeds("run", "other", "true");
      assert.equal(await stateOf("k1"), state);
      assert.deepEqual(
        ["locks/k1", "work/k1", "records/.k1"].filter((path) => existsSync(join(rig.root, path))),
        [],
      );
      assert.match(await succeeds("start", "k1"), state === "created" ? /^line\n\{/ : /^line\nline\n\{/);
      await succeeds("remove", "k1");
      assert.deepEqual(traces(rig.root), clean);
    });
  }

  for (const [call, n, isThere] of [
    ["flock", 1, true],
    ["unlink", 1, true],
    ["rmdir", 1, false],
    ["unlink", 2, false],
  ] as const) {
    it(`remove at ${call} ${n} is finished by the next run, or did not happen`, async () => {
      await succeeds("create", "k1", ...APPEND);
      await succeeds("start", "k1");
      await killed(call, n, "remove", "k1");
      await succeeds("run", "other", "true");
      assert.equal(await stateOf("k1"), isThere ? ENDED : undefined);
      if (isThere) assert.match(await succeeds("start", "k1"), /^line\nline\n/);
      if (isThere) await succeeds("remove", "k1");
      assert.deepEqual(traces(rig.root), clean);
    });
  }
});
