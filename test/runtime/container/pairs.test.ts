import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { placesOf } from "../../../runtime/state/places.ts";
import { find } from "../../../runtime/state/status.ts";
import { DETACH, detachedRig, TRAPPED } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, left, clean } = rig;
const source = join(rig.directory, "source");
writeFileSync(source, "copied\n");

/** Each with the arguments for a container, and a name that is free. */
const VERBS: Readonly<Record<string, (name: string, free: string) => readonly string[]>> = {
  create: (name) => ["create", "--image", "box", "--network", "none", name, ...TRAPPED],
  start: (name) => ["start", name],
  stop: (name) => ["stop", "-t", "1", name],
  restart: (name) => ["restart", "-t", "1", name],
  kill: (name) => ["kill", name],
  pause: (name) => ["pause", name],
  unpause: (name) => ["unpause", name],
  rm: (name) => ["rm", name],
  "rm -f": (name) => ["rm", "-f", name],
  rename: (name, free) => ["rename", name, free],
  exec: (name) => ["exec", name, "true"],
  cp: (name) => ["cp", source, `${name}:/copied`],
  commit: (name) => ["commit", name, `pairs/${name}`],
};

/** What ended a command that was being run in a container. */
const KILLED = 137;

/** Of the container with that name, if there is one, what is recorded is so: it runs if that says so, and has been made whole. */
function checkRecord(name: string): void {
  const found = find(placesOf(rig.root, name));
  if (!found) return;
  const { status, record } = found;
  assert.equal(record.name, name);
  assert.ok(["created", "running", "stopped"].includes(status.state), status.state);
  if (status.state === "stopped") assert.ok(status.exit && status.exit.status !== "unknown");
  if (status.state === "running")
    assert.match(readFileSync(`/proc/${status.process.pid}/cmdline`, "latin1"), /^sh\0-c\0/);
}

/** The name is usable after it: the next pair has the same. */
async function checkPair(one: string, other: string, name: string): Promise<void> {
  const free = `${name}-renamed`;
  await succeeds(...DETACH, name, ...TRAPPED);
  const commands = [VERBS[one], VERBS[other]].map((verb) => verb?.(name, free) ?? []);
  const running = commands.map((words) => rig.run(words));
  // A command that was just joining what is paused goes on only then.
  if (one === "pause" && other === "exec") await running[0]?.then(() => rig.run(["unpause", name]));
  const both = await Promise.all(running);
  for (const { code, stderr } of both) {
    assert.ok(code === 0 || code === 125 || code === KILLED, `${one} and ${other}: ${code} ${stderr}`);
    assert.doesNotMatch(stderr, /\n {4}at |damaged|clean up/, `${one} and ${other}`);
  }
  for (const each of [name, free]) checkRecord(each);
  await rig.run(["rm", "-f", name, free]);
}

/** So many containers at a time. */
const LANES = 4;

describe("two commands on one container at the same moment leave a true record, nothing else, and the name usable:", () => {
  const names = Object.keys(VERBS);
  for (const [i, one] of names.entries())
    it(`${one} and each other`, async () => {
      const others = names.slice(i);
      const lane = async (n: number) => {
        for (const [k, other] of others.entries()) if (k % LANES === n) await checkPair(one, other, `p${n}`);
      };
      // All of them, so that none is still at work in the next test when one fails.
      const outcomes = await Promise.allSettled(Array.from({ length: LANES }, (_, n) => lane(n)));
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
      assert.deepEqual(left(), clean);
    });
});
