import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { takeTurn } from "../../../../devtool/dev/lane/turn.ts";
import { needs } from "../../../rig/host.ts";
import { startSshd } from "../../../rig/sshd.ts";
import { lacks, makeProject, startDevtool } from "../../rig.ts";

const run = promisify(execFile);

const FACTS = { boot: "1" };

test("those who want a mirror's turn get it one after the other", async () => {
  const mirror = `/mirrors/${randomBytes(8).toString("hex")}`;
  const events: string[] = [];
  const { signal } = new AbortController();
  const works = Array.from({ length: 5 }, async () => {
    const endTurn = await takeTurn({ mirror, facts: FACTS }, () => {}, signal);
    events.push("begins");
    await new Promise((resolve) => setImmediate(resolve));
    events.push("ends");
    endTurn();
  });
  await Promise.all(works);
  assert.deepEqual(events, Array.from({ length: 5 }, () => ["begins", "ends"]).flat());
});

test("a wait for a mirror's turn is told once, and only where it takes more than a second", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const place = { mirror: `/mirrors/${randomBytes(8).toString("hex")}`, facts: FACTS };
  const { signal } = new AbortController();
  let told = 0;
  const take = () => takeTurn(place, () => told++, signal);
  const first = await take();
  const second = take();
  t.mock.timers.tick(900);
  first();
  (await second)();
  t.mock.timers.tick(900);
  assert.equal(told, 0);
  const third = await take();
  const fourth = take();
  t.mock.timers.tick(1_000);
  t.mock.timers.tick(60_000);
  assert.equal(told, 1);
  third();
  (await fourth)();
});

test("the turn of a process that was killed is over, and waiting for one can be aborted", async () => {
  const place = { mirror: `/mirrors/${randomBytes(8).toString("hex")}`, facts: FACTS };
  const turn = join(import.meta.dirname, "../../../../devtool/dev/lane/turn.ts");
  const program = `const { takeTurn } = await import(${JSON.stringify(turn)});
    await takeTurn(${JSON.stringify(place)}, () => {}, new AbortController().signal);
    process.kill(process.pid, "SIGKILL");`;
  const node = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", program];
  await assert.rejects(run(process.execPath, node), { signal: "SIGKILL" });
  const never = new AbortController().signal;
  const endTurn = await takeTurn(place, () => assert.fail("it waits"), never);
  const abort = new AbortController();
  const waiting = takeTurn(place, () => {}, abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
  endTurn();
});

test("mirrors of one path on two machines have a turn each", async () => {
  const mirror = `/mirrors/${randomBytes(8).toString("hex")}`;
  const take = (boot: string) =>
    takeTurn({ mirror, facts: { boot } }, () => assert.fail("it waits"), new AbortController().signal);
  for (const endTurn of await Promise.all(["1", "2"].map(take))) endTurn();
});

test("two devtools on one mirror at once, over a real sshd: both succeed, and the mirror is the project", async (t) => {
  if (!needs(t, lacks("rsync", "sshd", "diff"))) return;
  const project = await makeProject(t, { "devtool.config.ts": 'export default { run: ["true"] };\n' });
  const sshd = await startSshd(t);
  const flags = ["--json", "--ssh-config", sshd.configFile, "--target", sshd.host];
  for (const round of [1, 2]) {
    for (let i = 0; i < 30; i++) {
      const folder = join(project.root, `part ${round % 2} ${i}`);
      await mkdir(folder, { recursive: true });
      for (let j = 0; j < 25; j++) await writeFile(join(folder, `file ${j}`), `${round} ${j}\n`.repeat(2000));
    }
    const both = [1, 2].map(() => startDevtool(t, project, ["run", ...flags]));
    for (const devtool of both) {
      const { code, stderr } = await devtool.ended;
      assert.equal(code, 0, `${stderr}\n${devtool.lines.join("\n")}`);
    }
    const { mirror } = (await both[0]?.next("synced")) ?? assert.fail();
    await run("diff", ["-r", project.root, mirror]);
  }
});
