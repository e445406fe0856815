import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { DETACH, detachedRig } from "../../container/detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds } = rig;
const file = (name: string) => join(rig.directory, name);

describe("--cidfile", () => {
  it("has the id of what run -d, run and create make", async () => {
    const id = (await succeeds(...DETACH, "--cidfile", file("detached"), "d1", "sleep", "1000")).trim();
    assert.equal(readFileSync(file("detached"), "utf8"), id);
    await succeeds("run", "--cidfile", file("run"), "--image", "box", "--network", "none", "f1", "true");
    assert.match(readFileSync(file("run"), "utf8"), /^[0-9a-f]{64}$/);
    const made = await succeeds(
      "create",
      `--cidfile=${file("made")}`,
      "--image",
      "box",
      "--network",
      "none",
      "c1",
      "true",
    );
    assert.equal(readFileSync(file("made"), "utf8"), made.trim());
    await succeeds("rm", "-f", "d1", "c1");
  });

  it("is refused where the file exists, which stays as it is, and where it can't be made, before anything else", async () => {
    writeFileSync(file("old"), "another's");
    for (const [path, reason] of [
      [file("old"), "EEXIST"],
      [file("nowhere/id"), "ENOENT"],
    ] as const) {
      const { code, stderr } = await rig.run([...DETACH, "--cidfile", path, "d1", "true"]);
      assert.equal(code, 125);
      assert.match(stderr, new RegExp(`^tinydocker: can't write the container's id to ${path}: ${reason}`));
    }
    assert.equal(readFileSync(file("old"), "utf8"), "another's");
    assert.equal(await succeeds("ps", "-aq"), "");
  });

  it("is not left where no container is", async () => {
    assert.equal((await rig.run([...DETACH, "--cidfile", file("none"), "d1", "no-such-command"])).code, 127);
    assert.ok(!existsSync(file("none")));
  });
});
