import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
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
  // The first one on this machine also stores, by rename, what V8 compiled for it.
  before(async () => await rig.run(["pull", "-q", NAME], { env: registry.env }));

  for (const [call, least] of [
    ["rename", 5],
    ["fsync", 3],
    ["syncfs", 1],
    ["pwrite64", 4],
  ] as const) {
    it(`that is killed before any ${call} leaves no image, and the next one makes it whole`, async (t) => {
      if (!needs(t, rootless)) return;
      const directory = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
      for (let n = 1; ; n += 1) {
        const root = join(directory, String(n));
        const env = { ...registry.env, TINYDOCKER_ROOT: root };
        const run = (prefix: string[] = []) => rig.run(["pull", "-q", NAME], { env, prefix });
        const killed = await run(killedAt(directory, call, n));
        if (killed.code === 0) {
          assert.ok(n > least, `only ${n - 1} of ${call}`);
          break;
        }
        assert.deepEqual(allNames(root), [], `before ${call} ${n}`);
        assert.deepEqual((await run()).stdout, `${NAME}:latest\n`, `after ${call} ${n}`);
        assert.deepEqual(remains(root), [], `after ${call} ${n}`);
        assert.equal(resolveImage(root, NAME).layers.length, 2);
      }
    });
  }

  it("that gets no space at any write says so, and leaves nothing that the next one does not use or remove", async (t) => {
    if (!needs(t, rootless)) return;
    const directory = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
    const env = { ...registry.env, TINYDOCKER_ROOT: join(directory, "state") };
    for (const call of ["pwrite64", "syncfs", "fsync"]) {
      const failing = ["-qq", "-o", "/dev/null", "-e", `trace=${call}`, "-e", `inject=${call}:error=ENOSPC:when=`];
      for (let n = 1; ; n += 1) {
        const prefix = ["strace", "-f", ...failing.slice(0, -1), `${failing.at(-1)}${n}`];
        const { code, stderr } = await rig.run(["pull", "-q", NAME], { env, prefix });
        if (code === 0) break;
        assert.match(
          stderr,
          /can't pull .*: no space left on device[^\n]*\n {2}free space on the file system of /,
          call,
        );
        assert.deepEqual(allNames(env.TINYDOCKER_ROOT), [], `${call} ${n}`);
      }
      assert.deepEqual(remains(env.TINYDOCKER_ROOT), [], call);
      assert.equal((await rig.run(["rmi", NAME], { env })).code, 0);
    }
  });

  it("of a bomb fills the disk at most for as long as it runs", async (t) => {
    if (!needs(t, rootless)) return;
    const root = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
    const bomb = layer({ name: "zeros", content: Buffer.alloc(64 << 20) });
    const hostile = await faultyRegistry(
      { after: (cleanup) => t.after(cleanup) },
      ociLayout({ layers: [bomb], compress: gzipSync }),
    );
    const script = `mount -t tmpfs -o size=16m none "$TINYDOCKER_ROOT" || exit 1; "$@"; echo "exit $?"; du -sk "$TINYDOCKER_ROOT" | cut -f1`;
    const { stdout, stderr } = await rig.run(["pull", "-q", `${hostile.host}/image`], {
      env: { ...hostile.env, TINYDOCKER_ROOT: root },
      prefix: ["unshare", "-m", "sh", "-c", script, "sh"],
    });
    assert.match(stderr, /can't pull .*: no space left on device/);
    const [exit, kilobytes] = stdout.trim().split("\n");
    assert.deepEqual([exit, Number(kilobytes) < 200], ["exit 125", true], stdout);
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
