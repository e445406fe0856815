import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { gone, kill } from "../../rig/processes.ts";
import { detachedRig, processIn, TRAPPED } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, statusOf, journal, left, clean } = rig;
const NAMES = ["always", "stopped", "unless", "ended", "failed", "never"];

afterEach(async () => {
  await rig.run(["rm", "-f", ...NAMES]);
  assert.deepEqual(left(), clean);
});

const OTHER_BOOT = '"boot":"00000000-0000-4000-8000-000000000000"';

/** As after a loss of power: nothing runs, and what is written is of another boot. */
async function reboot(): Promise<void> {
  const locks = join(rig.root, "locks");
  const running = readdirSync(locks);
  const found = running.map(journal);
  for (const { monitor } of found) kill(monitor?.pid ?? 0);
  for (const one of found) await gone(processIn(one));
  for (const name of running) {
    const path = join(locks, name);
    writeFileSync(path, readFileSync(path, "utf8").replaceAll(/"boot":"[^"]*"/g, OTHER_BOOT));
  }
}

const statuses = async () =>
  Object.fromEntries(await Promise.all(NAMES.map(async (name) => [name, await statusOf(name)])));

describe("start --boot", () => {
  it("starts what is to run whenever the machine does, once, and nothing else", async () => {
    await detach("--restart", "always", "always", ...TRAPPED);
    await detach("--restart", "unless-stopped", "unless", ...TRAPPED);
    await detach("--restart", "unless-stopped", "stopped", ...TRAPPED);
    await detach("--restart", "always", "ended", ...TRAPPED);
    await detach("--restart", "on-failure", "failed", ...TRAPPED);
    await detach("never", ...TRAPPED);
    await succeeds("stop", "stopped", "ended");
    await reboot();
    const ended = { failed: "Exited (255)", never: "Exited (255)", stopped: "Exited (3)" };
    assert.deepEqual(await statuses(), {
      ...ended,
      always: "Exited (255)",
      unless: "Exited (255)",
      ended: "Exited (3)",
    });
    assert.equal(await succeeds("start", "--boot"), "always\nunless\nended\n");
    assert.deepEqual(await statuses(), { ...ended, always: "Up", unless: "Up", ended: "Up" });
    assert.equal(await succeeds("start", "--boot"), "");
  });

  it("starts one that ended because the machine was switched off", async () => {
    await detach("--restart", "unless-stopped", "unless", ...TRAPPED);
    const found = journal("unless");
    // What systemd sends to all processes.
    process.kill(found.monitor?.pid ?? 0, "SIGTERM");
    process.kill(processIn(found), "SIGTERM");
    await gone(found.monitor?.pid ?? 0);
    assert.equal(await statusOf("unless"), "Exited (3)");
    assert.equal(await succeeds("start", "--boot"), "unless\n");
  });

  it("says which it can't start, starts the others, and takes no names", async () => {
    await detach("--restart", "always", "always", ...TRAPPED);
    await detach("--restart", "always", "ended", ...TRAPPED);
    await succeeds("stop", "always", "ended");
    const record = join(rig.root, "records/always");
    const text = readFileSync(record, "utf8");
    writeFileSync(record, "{}\n");
    const { code, stdout, stderr } = await rig.run(["start", "--boot"]);
    assert.deepEqual([code, stdout], [125, "ended\n"]);
    assert.match(stderr, /records\/always is not the record of a container/);
    writeFileSync(record, text);
    const named = await rig.run(["start", "--boot", "always"]);
    assert.deepEqual([named.code, named.stdout], [125, ""]);
    assert.match(named.stderr, /--boot takes no names/);
  });
});
