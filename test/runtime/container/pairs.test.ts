import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { isRunning } from "../../../runtime/host/process.ts";
import { placesOf } from "../../../runtime/state/places.ts";
import { type Found, find, findExisting } from "../../../runtime/state/status.ts";
import { gone } from "../../rig/processes.ts";
import { DETACH, detachedRig, TRAPPED } from "./detached-rig.ts";
import { type Said, Server } from "./server.ts";

/** The last one first: the processes end before their files are removed. */
const cleanups: (() => Promise<void>)[] = [];
const scope = { after: (cleanup: () => Promise<void>) => void cleanups.unshift(cleanup) };
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});
const rig = await detachedRig(scope, "test/runtime/container/served.ts");
// What a pair that failed has left.
scope.after(async () => {
  const kept = await rig.run(["ps", "-aq"]);
  if (kept.stdout !== "") await rig.run(["rm", "-f", ...kept.stdout.trim().split("\n")]);
});
const source = join(rig.directory, "source");
writeFileSync(source, "copied\n");

/** So many containers at a time, each with a process for either command, and one for a third that only looks. */
const LANES = Array.from({ length: 4 }, (_, n) => {
  const server = () => new Server(rig, scope);
  return { name: `p${n}`, one: server(), other: server(), third: server() };
});
type Lane = (typeof LANES)[number];

/** With these processes. */
const clean = rig.left();

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

/** What only looks at a container, or waits for it: one of them, in turn, beside each pair. */
const LOOKS: readonly ((name: string) => readonly string[])[] = [
  (name) => ["top", name],
  (name) => ["stats", "--no-stream", name],
  (name) => ["diff", name],
  (name) => ["export", "-o", join(rig.directory, `${name}.tar`), name],
  (name) => ["logs", name],
  (name) => ["logs", "-f", name],
  (name) => ["inspect", name],
  () => ["ps", "-a"],
  (name) => ["attach", "--no-stdin", name],
  (name) => ["wait", name],
  (name) => ["port", name],
  (name) => ["cp", `${name}:/etc/passwd`, join(rig.directory, name)],
];

/** What ended a command that was being run in a container. */
const KILLED = 137;
/** How a container ends that stops. */
const TRAPPED_EXIT = 3;

function checkSaid(what: string, { code, stderr }: Said, codes: readonly number[]): void {
  assert.ok(codes.includes(code), `${what}: ${code} ${stderr}`);
  assert.doesNotMatch(stderr, /\n {4}at |report it as a bug|damaged|clean up/, what);
  // What neither of them did, and nobody else.
  assert.doesNotMatch(stderr, /out-of-memory|nobody knows/, what);
}

/** Of the container with that name, if there is one, what is recorded is so: it runs if that says so, and has been made whole. */
async function checkRecord(what: string, name: string): Promise<void> {
  const found = await settled(name);
  if (!found) return;
  const { status, record } = found;
  assert.equal(record.name, name);
  assert.ok(["created", "running", "stopped"].includes(status.state), `${what}: ${status.state}`);
  if (status.state === "stopped") assert.notEqual(status.exit?.status ?? "unknown", "unknown", what);
  if (status.state !== "running") return;
  const command = commandOf(status.process.pid);
  if (command !== "") return assert.match(command, /^sh\0-c\0/, what);
  // It was killed just now.
  await gone(status.process.pid);
  await checkRecord(what, name);
}

function pidOf(name: string): number {
  const { status } = findExisting(placesOf(rig.root, name), name);
  return status.state === "running" ? status.process.pid : 0;
}

/** Empty once it has begun to end. */
function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/** Where it was killed just now, once its monitor has recorded how it ended, which is the last that it does. */
async function settled(name: string): Promise<Found | undefined> {
  const found = find(placesOf(rig.root, name));
  if (found?.status.state !== "stopped" || found.status.exit) return found;
  if (found.monitor && isRunning(found.monitor)) await gone(found.monitor.pid);
  return find(placesOf(rig.root, name));
}

/** They end it, whatever else is done to it, unless it is started again. */
const ENDING: readonly string[] = ["stop", "kill", "rm -f"];

/** What has become of it is what they have said: who was refused has changed nothing. */
function checkDone(what: string, done: readonly string[], lane: Lane, before: number): void {
  const { status } = find(placesOf(rig.root, lane.name)) ?? find(placesOf(rig.root, freeOf(lane))) ?? {};
  const runs = status?.state === "running";
  const isEnded = done.some((verb) => ENDING.includes(verb));
  if (!isEnded && !done.includes("rm"))
    assert.equal(runs, true, `${what}: ${done} were done, and it is ${status?.state}`);
  if (!isEnded && done.includes("restart")) assert.notEqual(runs && status.process.pid, before, what);
  if (isEnded && !done.some((verb) => ["start", "restart"].includes(verb))) assert.equal(runs, false, what);
  if (done.includes("rename")) assert.equal(find(placesOf(rig.root, lane.name)), undefined, what);
}

function freeOf({ name }: Lane): string {
  return `${name}-renamed`;
}

/** The name is usable after it: the next pair has the same. */
async function checkPair(verbs: readonly [string, string], look: (typeof LOOKS)[number], lane: Lane): Promise<void> {
  const { name } = lane;
  const free = freeOf(lane);
  const what = verbs.join(" and ");
  checkSaid(`run, before ${what}`, await lane.one.run([...DETACH, name, ...TRAPPED]), [0]);
  const before = pidOf(name);
  const [one, other] = verbs.map((verb) => VERBS[verb]?.(name, free) ?? []);
  const looking = lane.third.run(look(name));
  const ones = lane.one.run(one ?? []);
  const others = lane.other.run(other ?? []);
  // A command that was just joining what is paused goes on only then.
  if (verbs[0] === "pause" && verbs[1] === "exec") await ones.then(() => lane.one.run(["unpause", name]));
  const saids = [await ones, await others];
  for (const said of saids) checkSaid(what, said, [0, 125, KILLED]);
  for (const each of [name, free]) await checkRecord(what, each);
  const done = verbs.filter((_, i) => saids[i]?.code === 0 && saids[i]?.stderr === "");
  if (!verbs.includes("create")) checkDone(what, done, lane, before);
  await lane.one.run(["rm", "-f", name, free]);
  checkSaid(`${look(name).join(" ")} beside ${what}`, await looking, [0, 125, KILLED, TRAPPED_EXIT]);
}

describe("two commands on one container at the same moment leave a true record, nothing else, and the name usable:", () => {
  const names = Object.keys(VERBS);
  let looks = 0;
  for (const [i, one] of names.entries())
    it(`${one} and each other`, async () => {
      const pairs = names.slice(i).map((other) => ({ other, look: LOOKS[looks++ % LOOKS.length] ?? assert.fail() }));
      const work = async (lane: Lane) => {
        for (let pair = pairs.shift(); pair; pair = pairs.shift()) await checkPair([one, pair.other], pair.look, lane);
      };
      // All of them, so that none is still at work in the next test when one fails.
      for (const outcome of await Promise.allSettled(LANES.map(work)))
        if (outcome.status === "rejected") throw outcome.reason;
      assert.deepEqual(rig.left(), clean);
    });
});
