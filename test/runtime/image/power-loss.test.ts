import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { needs } from "../../rig/host.ts";
import { faultyRegistry } from "../../rig/registry.ts";
import { tinydocker } from "../../rig/tinydocker.ts";
import { ociLayout } from "./layers/saved.ts";
import { layer } from "./pull/rig.ts";

const lacking =
  process.geteuid?.() !== 0 ? "root" : ["/sbin/mkfs.ext4", "/dev/loop-control"].find((path) => !existsSync(path));
const rig = await tinydocker({ after });
const LAYERS = ["one", "two"].map((name) =>
  layer({ name: `${name}/`, type: "5", mode: 0o755 }, { name: `${name}/file`, content: Buffer.alloc(300_000, name) }),
);

/**
 * Runs a command whose state is on a disk of its own, and takes the disk as it is then, without what the kernel would write to
 * it later. Another file's fsync makes the names last that the directories have by then. Prints the sums of what can be seen.
 * A machine in a container has no nodes of loop devices: the kernel's own /dev has.
 */
const LOSING_POWER = `
  sums() { cd "$1" && find names images blobs layers -type f ! -path "*/.*" -exec sha256sum {} + | sort -k2; cd /; }
  [ -e /dev/loop0 ] || mount -t devtmpfs devtmpfs /dev || exit 1
  mount -o loop "$DISK" "$TINYDOCKER_ROOT" || exit 1
  "$@" >/dev/null 2>"$DISK.log" || exit 1
  echo >"$TINYDOCKER_ROOT/other"; sync "$TINYDOCKER_ROOT/other"
  cp --sparse=always "$DISK" "$DISK.left"
  sums "$TINYDOCKER_ROOT" >"$DISK.before" 2>>"$DISK.log"
  mount -o loop "$DISK.left" /mnt || exit 1
  sums /mnt >"$DISK.after" 2>>"$DISK.log"
  cat "$DISK.before"; echo; cat "$DISK.after"`;

async function afterPowerLoss(name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<string[]> {
  const [disk, root] = [join(rig.directory, name), join(rig.directory, `${name}.root`)];
  await writeFile(disk, "");
  await truncate(disk, 64 << 20);
  execFileSync("/sbin/mkfs.ext4", ["-q", disk]);
  await mkdir(root);
  const { code, stdout } = await rig.run(args, {
    env: { ...env, DISK: disk, TINYDOCKER_ROOT: root },
    prefix: ["unshare", "-m", "sh", "-c", LOSING_POWER, "sh"],
  });
  assert.equal(code, 0);
  const [before = "", left = ""] = stdout.split("\n\n");
  assert.equal(left.trim(), before.trim());
  return before.split("\n");
}

describe("a loss of power", () => {
  it("right after a pull leaves each layer, archive and name that can be seen whole", async (t) => {
    if (!needs(t, lacking)) return;
    const registry = await faultyRegistry({ after }, ociLayout({ layers: LAYERS, compress: gzipSync }));
    const seen = await afterPowerLoss("pulled", ["pull", "-q", `${registry.host}/image`], registry.env);
    // Two archives, the configuration, the manifest and the name; a file of each layer, its record and from which archive it is.
    assert.equal(seen.length, 5 + 6);
  });

  it("right after an import leaves the image whole", async (t) => {
    if (!needs(t, lacking)) return;
    const archive = join(rig.directory, "one.tar");
    writeFileSync(archive, LAYERS[0] ?? "");
    assert.equal((await afterPowerLoss("imported", ["image", "import", "one", archive], {})).length, 2);
  });
});
