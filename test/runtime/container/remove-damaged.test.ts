import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { gone, kill } from "../../rig/processes.ts";
import { detachedRig, processIn, TRAPPED } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach, journal, left, clean } = rig;
const record = join(rig.root, "records/c1");
const lock = join(rig.root, "locks/c1");

const DAMAGES: readonly (readonly [what: string, damage: () => void])[] = [
  ["record is empty", () => writeFileSync(record, "")],
  ["record is cut short", () => writeFileSync(record, readFileSync(record).subarray(0, 300))],
  ["record is of something else", () => writeFileSync(record, '{"version":2,"name":"c1"}\n')],
  ["journal has a line that is none", () => appendFileSync(lock, "\0\0\n")],
  ["exit file is empty", () => writeFileSync(join(rig.root, "monitors/c1/exit"), "")],
];

afterEach(async () => {
  await rig.run(["rm", "-f", "c1", "other"]);
  assert.deepEqual(left(), clean);
});

describe("a container whose journal is lost with its monitor", () => {
  const lose = async () => {
    await detach("c1", ...TRAPPED);
    const found = journal("c1");
    kill(found.monitor?.pid ?? 0);
    await gone(processIn(found));
    writeFileSync(lock, "");
  };

  it("is started again, and its cgroups are no obstacle", async () => {
    await lose();
    assert.equal(await succeeds("start", "c1"), "c1\n");
  });

  it("leaves nothing where its record is lost too, once another one was started", async () => {
    await lose();
    rmSync(record);
    await succeeds("run", "--image", "box", "--network", "none", "other", "true");
    assert.deepEqual(left(), clean);
  });
});

describe("rm -f", () => {
  for (const [what, damage] of DAMAGES)
    it(`ends and removes a container whose ${what}, and nothing is left`, async () => {
      await detach("--restart", "always", "c1", ...TRAPPED);
      await detach("other", ...TRAPPED);
      const process = processIn(journal("c1"));
      damage();
      const listed = await rig.run(["ps", "-a", "--format", "{{.Names}}"]);
      assert.equal(listed.stdout, "other\n");
      assert.match(listed.stderr, /\/c1\b.*\n {2}/);
      assert.equal((await rig.run(["rm", "c1"])).code, 125);
      assert.equal(await succeeds("rm", "-f", "/c1"), "/c1\n");
      await gone(process);
    });

  it("removes one that has ended, too, and other commands say so", async () => {
    await succeeds("create", "--image", "box", "c1", "true");
    writeFileSync(record, "{");
    for (const words of [
      ["start", "c1"],
      ["inspect", "c1"],
      ["logs", "c1"],
    ]) {
      const { code, stderr } = await rig.run(words);
      assert.equal(code === 0, false);
      assert.match(
        stderr,
        /records\/c1 is not the record of a container\n {2}tinydocker rm -f c1 ends what runs of it/,
      );
    }
    assert.equal(await succeeds("rm", "-f", "c1"), "c1\n");
  });

  it("removes nothing of what another version wrote, nor outside the state directory", async () => {
    await succeeds("create", "--image", "box", "c1", "true");
    const text = readFileSync(record, "utf8");
    writeFileSync(record, text.replace('"version":2', '"version":9'));
    const { code, stderr } = await rig.run(["rm", "-f", "c1"]);
    assert.equal(code, 125);
    assert.match(stderr, /was written by a newer tinydocker/);
    writeFileSync(record, text);
    const outside = join(rig.directory, "outside");
    writeFileSync(outside, "");
    await rig.run(["rm", "-f", "../../outside"]);
    assert.equal(existsSync(outside), true);
  });
});
