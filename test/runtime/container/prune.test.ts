import assert from "node:assert/strict";
import { after, afterEach, describe, it } from "node:test";
import { detachedRig } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, detach } = rig;
const create = (...words: string[]) => succeeds("create", "--image", "box", "--network", "none", ...words);

afterEach(async () => {
  await rig.run(["rm", "-f", "up", "paused", "made", "marked", "ended"]);
  assert.deepEqual(rig.left(), rig.clean);
});

describe("prune", () => {
  it("removes the containers that do not run, with what they wrote, and leaves the others", async () => {
    await detach("up", "sleep", "1000");
    await detach("paused", "sleep", "1000");
    await succeeds("pause", "paused");
    await create("made", "true");
    await create("--label", "keep=a,b", "marked", "true");
    await detach("ended", "true");
    await succeeds("wait", "ended");
    await succeeds("stop", "ended");
    assert.equal(await succeeds("prune", "--filter", "label!=keep=a,b", "--filter", "until=0s"), "ended\nmade\n");
    assert.equal(await succeeds("container", "prune", "-f"), "marked\n");
    assert.equal(await succeeds("ps", "--format", "{{.Names}}"), "paused\nup\n");
    assert.equal(await succeeds("prune"), "");
  });

  it("of the system also removes the networks that nothing has then, volumes and images only where it says so", async () => {
    await rig.run(["network", "create", "--internal", "unused"]);
    await create("-v", "data:/d", "-v", "/anonymous", "made", "true");
    assert.match(await succeeds("system", "prune", "-f"), /^made\nunused\nremoved 0 layers, 0 bytes\n$/);
    assert.match(await succeeds("volume", "ls", "-q"), /^[0-9a-f]{64}$/m);
    assert.match(await succeeds("system", "prune", "-af", "--volumes"), /^[0-9a-f]{64}\nremoved 0 layers, 0 bytes\n$/);
    assert.equal(await succeeds("volume", "ls", "-q"), "data\n");
    await succeeds("volume", "rm", "data");
  });

  it("at the same moment as a start and a removal, each container is started or removed, and nothing fails", async () => {
    for (let round = 0; round < 5; round += 1) {
      await create("made", "sleep", "1000");
      await create("marked", "true");
      const [pruned, started, removed] = await Promise.all([
        rig.run(["prune"]),
        rig.run(["start", "made"]),
        rig.run(["rm", "-f", "marked"]),
      ]);
      assert.deepEqual([pruned.code, pruned.stderr], [0, ""]);
      const isUp = (await rig.statusOf("made"))?.startsWith("Up") ?? false;
      assert.deepEqual([isUp, started.code], [!pruned.stdout.includes("made"), isUp ? 0 : 125], started.stderr);
      assert.match(removed.stderr, /^$|there is no container marked/);
      await rig.run(["rm", "-f", "made"]);
    }
  });
});
