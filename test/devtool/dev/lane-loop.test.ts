import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { EventLine } from "../../../devtool/report/events.ts";
import { needs } from "../../rig/host.ts";
import { type Sshd, startSshd } from "../../rig/sshd.ts";
import { type Devtool, lacks, makeProject, type Project, startDevtool } from "../rig.ts";

interface Place {
  readonly project: Project;
  readonly one: Sshd;
  readonly other: Sshd;
  /** The ssh configuration by which `other` is found. */
  readonly otherConfig: string;
}

/** A project that two targets run, each with a home of its own: its program says its word and stays. */
async function twoTargets(t: TestContext, settings: object = {}): Promise<Place> {
  const [one, other] = [await startSshd(t), await startSshd(t)];
  const otherConfig = join(other.directory, "found_later");
  const config = {
    bundle: { entryPoints: { main: "src/main.ts" } },
    run: ["node", ".devtool/main.js"],
    targets: {
      one: { kind: "ssh", host: one.host, configFile: one.configFile },
      other: { kind: "ssh", host: other.host, configFile: otherConfig },
    },
    target: ["one", "other"],
    ...settings,
  };
  const project = await makeProject(t, {
    "devtool.config.json": JSON.stringify(config),
    "src/main.ts": 'import { word } from "./word.ts";\nconsole.log(word);\nsetInterval(() => {}, 1000);\n',
  });
  for (const path of ["devtool.config.ts", "native"]) await rm(join(project.root, path), { recursive: true });
  await cp(other.configFile, otherConfig);
  return { project, one, other, otherConfig };
}

const word = (text: string) => ({ "src/word.ts": `export const word: string = "${text}";\n` });

const watch = (t: TestContext, { project }: Place) => startDevtool(t, project, ["watch", "--json"]);

async function says(devtool: Devtool, target: string): Promise<string> {
  const event = await devtool.next("output", target);
  return "data" in event ? event.data : "";
}

function events({ lines }: Devtool, kind: EventLine["event"]): EventLine[] {
  return lines.map((line) => JSON.parse(line) as EventLine).filter(({ event }) => event === kind);
}

const rounds = (lines: readonly EventLine[], target: string) =>
  lines.filter((line) => line.target === target).map(({ round }) => round);

test("each save is bundled once and runs on every target; one whose connection is cut comes back alone", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const place = await twoTargets(t);
  const devtool = watch(t, place);
  for (const target of ["one", "other"]) assert.equal(await says(devtool, target), "one\n");
  await place.project.write(word("two"));
  for (const target of ["one", "other"]) assert.equal(await says(devtool, target), "two\n");
  assert.deepEqual(
    events(devtool, "bundled").map(({ round, target }) => [round, target]),
    [
      [1, null],
      [2, null],
    ],
  );
  await place.other.cut();
  assert.equal((await devtool.next("disconnected", "other")).code, "connection-lost");
  assert.deepEqual((await devtool.next("changed", "other")).paths, null);
  assert.equal(await says(devtool, "other"), "two\n");
  assert.deepEqual(rounds(events(devtool, "started"), "one"), [1, 2]);
  assert.deepEqual(rounds(events(devtool, "started"), "other"), [1, 2, 3]);
  await place.project.write(word("three"));
  for (const target of ["one", "other"]) assert.equal(await says(devtool, target), "three\n");
  assert.deepEqual(rounds(events(devtool, "started"), "one"), [1, 2, 4]);
});

test("a target that can't be reached at the start is waited for, and gets what was saved meanwhile", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const place = await twoTargets(t);
  await rm(place.otherConfig);
  const devtool = watch(t, place);
  const { target, code } = await devtool.next("disconnected", "other");
  assert.deepEqual([target, code], ["other", "ssh-config-invalid"]);
  assert.equal(await says(devtool, "one"), "one\n");
  await place.project.write(word("two"));
  assert.equal(await says(devtool, "one"), "two\n");
  await cp(place.other.configFile, place.otherConfig);
  assert.equal(await says(devtool, "other"), "two\n");
  assert.deepEqual(rounds(events(devtool, "started"), "one"), [1, 2]);
});

test("where no target can be reached at the start, watch ends with the worst exit code", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const place = await twoTargets(t);
  await Promise.all([place.one.stop(), place.other.stop()]); // with their configurations
  const devtool = watch(t, place);
  assert.equal((await devtool.ended).code, 2);
  assert.equal(events(devtool, "disconnected").length, 1);
  assert.equal(events(devtool, "failed").length, 1);
});

test("a target that is slow holds no other up, is named, and has what was saved last once it gets there", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "mkfifo"))) return;
  const slow = { name: "slow", command: ["sh", "-c", "! [ -p ~/gate ] || read line <~/gate"] };
  const place = await twoTargets(t, { build: [slow] });
  const gate = join(place.other.home, "gate");
  execFileSync("mkfifo", [gate]);
  const devtool = watch(t, place);
  for (const text of ["one", "two", "three"]) {
    if (text !== "one") await place.project.write(word(text));
    assert.equal(await says(devtool, "one"), `${text}\n`);
  }
  assert.match((await devtool.next("notice", "other")).text, /5 s behind another target.*doctor --target other$/);
  await writeFile(gate, "\n");
  assert.equal(await says(devtool, "other"), "three\n");
});

test("lines for people name their target, a program's stand behind its name, and neither is coloured in a pipe", async (t) => {
  if (!needs(t, lacks("rsync", "sshd"))) return;
  const place = await twoTargets(t, { bundle: undefined, run: ["echo", "ran"] });
  const devtool = startDevtool(t, place.project, ["watch"]);
  for (let text = ""; text.split("ended with exit code 0\n").length < 3; )
    text += String(await once(devtool.child.stderr ?? assert.fail(), "data"));
  devtool.child.kill("SIGTERM");
  const { stdout, stderr, code } = await devtool.ended;
  assert.equal(code, 143);
  assert.deepEqual(stdout.toString().trimEnd().split("\n").sort(), ["one   | ran", "other | ran"]);
  for (const target of ["one", "other"]) {
    assert.match(stderr, new RegExp(`^devtool: ${target}: sent .* started after .*$`, "m"));
    assert.match(stderr, new RegExp(`^devtool: ${target}: ended with exit code 0$`, "m"));
  }
  assert.ok(!`${stdout}${stderr}`.includes("\x1b"));
});
