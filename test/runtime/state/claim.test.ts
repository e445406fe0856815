import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, cpSync, existsSync, mkdirSync, readdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { Failure } from "../../../runtime/failure.ts";
import { identify } from "../../../runtime/host/process.ts";
import { openShim } from "../../../runtime/host/shim.ts";
import { directory } from "../../../runtime/resources/directory.ts";
import { abandon, begin, claim, release } from "../../../runtime/state/claim.ts";
import { entry } from "../../../runtime/state/entry.ts";
import { appendLines } from "../../../runtime/state/journal.ts";
import { sweep } from "../../../runtime/state/recover.ts";
import { temporaryDirectory } from "../../rig/host.ts";
import { descriptors } from "../descriptors.ts";

const root = join(await temporaryDirectory({ after }), "state");
const shim = await openShim();
const locks = () => readdirSync(join(root, "locks"));
/** A clock whose time only advances by its sleeps, and that calls a function before each. */
function fakeClock(beforeSleep: (ms: number) => void = () => {}) {
  const clock = {
    ms: 0,
    now: () => clock.ms,
    sleep: async (ms: number) => {
      beforeSleep(clock.ms);
      clock.ms += ms;
    },
  };
  return clock;
}

/** The identity of a process that has ended. */
async function endedProcess() {
  const child: ChildProcess = spawn("cat");
  const identity = identify(child.pid ?? 0);
  assert.ok(identity);
  child.stdin?.end();
  await once(child, "close");
  return identity;
}

/** A name that a killed process left locked, as when its container's init still has the lock. */
async function lockedByLeftover(name: string) {
  const held = await claim(shim, root, name);
  appendLines(held.fd, [{ owner: await endedProcess() }]);
  return held;
}

/** A name that a killed process left, with something that can't be undone: a file in place of a directory. */
async function leftForGood(name: string): Promise<string> {
  const path = join(root, "work", name);
  const held = await claim(shim, root, name);
  begin(held, [entry(directory("work"), "exit")]);
  abandon(held);
  writeFileSync(path, "");
  return path;
}

beforeEach(async () => release(shim, await claim(shim, root, "first")));

describe("a name that a killed process left locked", () => {
  it("is waited for until the deadline, however many attempts that takes", async () => {
    const held = await lockedByLeftover("a");
    const clock = fakeClock((ms) => {
      if (ms === 9_000) closeSync(held.fd);
    });
    const next = await claim(shim, root, "a", clock);
    assert.equal(clock.ms, 9_005);
    await release(shim, next);
    assert.deepEqual(locks(), []);
  });

  it("is refused after 10 s, with how to find the process that holds it", async () => {
    const held = await lockedByLeftover("a");
    const before = descriptors();
    const clock = fakeClock();
    await assert.rejects(
      claim(shim, root, "a", clock),
      (error) =>
        error instanceof Failure && /still locked 10 s after/.test(error.message) && /fuser/.test(error.remedy ?? ""),
    );
    assert.equal(clock.ms, 10_000);
    assert.deepEqual(descriptors(), before);
    await release(shim, held);
  });

  it("is waited for without spinning while others take and remove it", async () => {
    const before = descriptors();
    const clock = fakeClock();
    const removing = {
      ...shim,
      lock: (fd: number) => {
        const result = shim.lock(fd);
        unlinkSync(join(root, "locks/a"));
        return result;
      },
    };
    await assert.rejects(claim(removing, root, "a", clock), /still locked/);
    assert.equal(clock.ms, 10_000);
    assert.deepEqual(descriptors(), before);
  });
});

describe("a name that a living process holds", () => {
  it("is refused at once, with its pid", async () => {
    const held = await claim(shim, root, "a");
    begin(held, []);
    const clock = fakeClock();
    await assert.rejects(claim(shim, root, "a", clock), new RegExp(`name a is in use by process ${process.pid}$`));
    assert.equal(clock.ms, 0);
    await release(shim, held);
  });
});

describe("what can't be undone", () => {
  it("is reported once by a sweep, which goes on with the others and keeps no descriptor", async () => {
    const path = await leftForGood("bad");
    const good = await claim(shim, root, "good");
    begin(good, [entry(directory("work"), "exit")]);
    mkdirSync(join(root, "work/good"));
    abandon(good);
    const before = descriptors();
    const failures = await sweep(shim, root, "other");
    assert.deepEqual(descriptors(), before);
    assert.deepEqual(
      failures.map(({ message }) => message),
      [`can't clean up what a killed run of the container bad left: can't remove ${path}: ENOTDIR, not a directory`],
    );
    assert.ok(failures[0]?.remedy);
    assert.deepEqual([locks(), existsSync(join(root, "work/good"))], [["bad"], false]);
    unlinkSync(path);
    assert.deepEqual([await sweep(shim, root, "other"), locks()], [[], []]);
  });

  it("makes the next start of that name fail at once, with the reason", async () => {
    const path = await leftForGood("bad");
    await sweep(shim, root, "other");
    const before = descriptors();
    const clock = fakeClock();
    await assert.rejects(claim(shim, root, "bad", clock), /run of the container bad left: can't remove .*ENOTDIR/);
    assert.equal(clock.ms, 0);
    assert.deepEqual(descriptors(), before);
    unlinkSync(path);
    await release(shim, await claim(shim, root, "bad"));
    assert.deepEqual(locks(), []);
  });

  it("stays in the journal when it was this process's own", async () => {
    const path = join(root, "work/own");
    const held = await claim(shim, root, "own");
    begin(held, [entry(directory("work"), "exit")]);
    writeFileSync(path, "");
    await assert.rejects(release(shim, held), /can't remove/);
    unlinkSync(path);
    mkdirSync(path);
    assert.deepEqual(await sweep(shim, root, "other"), []);
    assert.deepEqual([locks(), existsSync(path)], [[], false]);
  });
});

describe("a state directory that was copied with what a killed run left", () => {
  it("removes its own copy of that, and nothing of the original's", async () => {
    const held = await claim(shim, root, "gone");
    begin(held, [entry(directory("work"), "exit"), entry(directory("upper"), "removal")]);
    for (const part of ["work", "containers"]) mkdirSync(join(root, part, "gone"));
    const copy = join(await temporaryDirectory({ after }), "copy");
    cpSync(root, copy, { recursive: true });
    assert.deepEqual(await sweep(shim, copy, "other"), []);
    const left = (state: string) =>
      ["locks", "work", "containers"].map((part) => existsSync(join(state, part, "gone")));
    assert.deepEqual(
      [left(copy), left(root)],
      [
        [false, false, false],
        [true, true, true],
      ],
    );
    await release(shim, held);
  });
});

describe("a journal that was lost with the machine's power, which leaves the lock file empty or full of zeros", () => {
  for (const content of ["", "\0".repeat(4096)]) {
    for (const next of ["a sweep", "the next start of the name"]) {
      it(`leaves nothing behind after ${next}: ${content.length} bytes`, async () => {
        await release(shim, await claim(shim, root, "lost"));
        for (const path of ["containers/lost/file", "work/lost/work"]) mkdirSync(join(root, path), { recursive: true });
        writeFileSync(join(root, "locks/lost"), content);
        if (next === "a sweep") assert.deepEqual(await sweep(shim, root, "other"), []);
        else await release(shim, await claim(shim, root, "lost"));
        const left = ["locks", "containers", "work"].flatMap((part) => readdirSync(join(root, part)));
        assert.deepEqual(left, []);
      });
    }
  }
});

describe("a journal that is damaged", () => {
  it("blocks only its own name, is reported, and is not used to undo anything", async () => {
    const held = await claim(shim, root, "bad");
    begin(held, [entry(directory("work"), "exit")]);
    abandon(held);
    mkdirSync(join(root, "work/bad"));
    writeFileSync(join(root, "locks/bad"), "nonsense\n", { flag: "a" });
    const [failure, ...others] = await sweep(shim, root, "other");
    assert.deepEqual([failure?.code, others], ["state-damaged", []]);
    assert.match(failure?.message ?? "", /locks\/bad is damaged: line 3 is not/);
    await assert.rejects(claim(shim, root, "bad"), /locks\/bad is damaged/);
    assert.ok(existsSync(join(root, "work/bad")));
    unlinkSync(join(root, "locks/bad"));
  });
});

describe("a lock", () => {
  it("is released with the last copy of its descriptor, even if that is another process's", async () => {
    const held = await claim(shim, root, "a");
    const holder = spawn("cat", { stdio: ["pipe", held.fd, "ignore"] });
    closeSync(held.fd);
    await assert.rejects(claim(shim, root, "a", fakeClock()), /still locked/);
    holder.stdin?.end();
    await once(holder, "close");
    await release(shim, await claim(shim, root, "a", fakeClock()));
  });
});
