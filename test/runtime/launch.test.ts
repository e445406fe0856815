import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, readdirSync, readFileSync, symlinkSync, truncateSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import { Script } from "node:vm";
import { tinydocker } from "../rig/tinydocker.ts";

const rig = await tinydocker({ after });
const dist = join(rig.directory, "package/dist");
cpSync(dirname(rig.program), dist, {
  recursive: true,
  preserveTimestamps: true,
  filter: (path) => !/\.(run|exec)$/.test(path),
});
symlinkSync(join(dirname(rig.program), "../native"), join(rig.directory, "package/native"));

async function run(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, TINYDOCKER_ROOT: rig.root };
  const { stdout } = await promisify(execFile)(process.execPath, [join(dist, "tinydocker.cjs"), "run", ...args], {
    env,
  });
  return stdout;
}

function stored(): string[] {
  return readdirSync(dist).filter((name) => /\.(run|exec)(\.\d+)?$/.test(name));
}

function isAccepted(source: string, kind: string): boolean {
  const cachedData = readFileSync(join(dist, `${source}.${kind}`));
  return !new Script(readFileSync(join(dist, source), "latin1"), { cachedData }).cachedDataRejected;
}

describe("the built program", () => {
  it("stores nothing of a run that was refused", async () => {
    await assert.rejects(run("learnt"), { code: 125 });
    assert.deepEqual(stored(), []);
  });

  it("stores what a run called, compiled, for the next one", async () => {
    assert.equal(await run("learnt", "echo", "first"), "first\n");
    assert.deepEqual(stored(), ["tinydocker-cli.cjs.run", "tinydocker-run.cjs.run"]);
    assert.ok(isAccepted("tinydocker-run.cjs", "run"));
    const sizeOf = (kind: string) => readFileSync(join(dist, `tinydocker-run.cjs.${kind}`)).length;
    assert.ok(sizeOf("run") < 0.75 * sizeOf("compiled"), "what it did not call is not in it");
    assert.equal(await run("learnt", "echo", "second"), "second\n");
  });

  it("stores it again where it was cut short", async () => {
    truncateSync(join(dist, "tinydocker-run.cjs.run"), 1_000);
    assert.equal(await run("learnt", "echo", "third"), "third\n");
    assert.ok(isAccepted("tinydocker-run.cjs", "run"));
  });
});
