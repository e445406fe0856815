import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { allNames } from "../../../../runtime/image/content/names.ts";
import { resolveImage } from "../../../../runtime/image/resolve.ts";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { faultyRegistry } from "../../../rig/registry.ts";
import { tinydocker } from "../../../rig/tinydocker.ts";
import { killedAt } from "../../killed-at.ts";
import { ociLayout } from "../layers/saved.ts";
import { layer, stored } from "./rig.ts";

const rootless = process.geteuid?.() === 0 ? undefined : "root";
const rig = await tinydocker({ after });
const LAYERS = ["one", "two"].map((name) => layer({ name, content: Buffer.alloc(300_000, name) }));
const registry = await faultyRegistry({ after }, ociLayout({ layers: LAYERS, compress: gzipSync }));
const NAME = `${registry.host}/image`;

/** Nothing of a pull or a removal that was killed is left after the next ones. */
const remains = (root: string) => stored(root).filter((name) => /\/\.|^downloads/.test(name));

describe("a pull", () => {
  it("that is killed before any rename leaves no image, and the next one makes it whole", async (t) => {
    if (!needs(t, rootless)) return;
    const directory = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
    for (let n = 1; ; n += 1) {
      const root = join(directory, String(n));
      const env = { ...registry.env, TINYDOCKER_ROOT: root };
      const run = (prefix: string[] = []) => rig.run(["pull", "-q", NAME], { env, prefix });
      const killed = await run(killedAt(directory, "rename", n));
      if (killed.code === 0) {
        assert.ok(n > 5, `only ${n - 1} renames`);
        break;
      }
      assert.deepEqual(allNames(root), [], `before rename ${n}`);
      assert.deepEqual((await run()).stdout, `${NAME}:latest\n`, `after rename ${n}`);
      assert.deepEqual(remains(root), [], `after rename ${n}`);
      assert.equal(resolveImage(root, NAME).layers.length, 2);
    }
  });

  it("onto a disk that is full at any time says so, and leaves no image", async (t) => {
    if (!needs(t, rootless)) return;
    const directory = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
    for (const size of ["8k", "20k", "340k", "500k"]) {
      const root = join(directory, size);
      mkdirSync(root);
      const script = `mount -t tmpfs -o size=${size} none "$TINYDOCKER_ROOT" || exit 1; "$@"; echo "exit $?"; find "$TINYDOCKER_ROOT"/names -type f`;
      const prefix = ["unshare", "-m", "sh", "-c", script, "sh"];
      const { stdout, stderr } = await rig.run(["pull", "-q", NAME], {
        env: { ...registry.env, TINYDOCKER_ROOT: root },
        prefix,
      });
      assert.match(stderr, /can't pull .*: no space left on device[^\n]*\n {2}free space on the file system of /, size);
      assert.equal(stdout, "exit 125\n", size);
    }
  });
});

describe("a removal", () => {
  it("that is killed before any rename or unlink leaves the image whole or none, and the next one removes the rest", async (t) => {
    if (!needs(t, rootless)) return;
    const directory = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
    for (const call of ["rename", "unlink"]) {
      for (let n = 1; ; n += 1) {
        const root = join(directory, `${call}${n}`);
        const env = { ...registry.env, TINYDOCKER_ROOT: root };
        await rig.run(["pull", "-q", NAME], { env });
        const killed = await rig.run(["rmi", NAME], { env, prefix: killedAt(directory, call, n) });
        if (allNames(root).length > 0) assert.equal(resolveImage(root, NAME).layers.length, 2, `${call} ${n}`);
        if (killed.code === 0) break;
        const pruned = await rig.run(["image", "prune", "-a"], { env });
        assert.equal(pruned.stderr, "", `${call} ${n}`);
        assert.deepEqual(
          stored(root).filter((name) => !/^names\/127/.test(name)),
          [],
          `${call} ${n}`,
        );
      }
    }
  });
});
