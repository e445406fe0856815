import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { detachedRig } from "./detached-rig.ts";

const rig = await detachedRig({ after });
const { succeeds, left, clean } = rig;

afterEach(async () => {
  await rig.run(["rm", "-f", "c1"]);
  assert.deepEqual(left(), clean);
});

/** An image whose root is another user's, and old; with all that is mounted over in a container. */
async function importOdd(): Promise<void> {
  const rootfs = join(rig.directory, "rootfs");
  for (const directory of ["dev", "proc", "sys"]) mkdirSync(join(rootfs, directory));
  for (const file of ["hostname", "hosts", "resolv.conf"]) writeFileSync(join(rootfs, "etc", file), "");
  chmodSync(rootfs, 0o1751);
  chownSync(rootfs, 5, 6);
  utimesSync(rootfs, 1000, 1000);
  await succeeds("image", "import", "odd", rootfs);
}

describe("the root of an image", () => {
  it("has its owner, mode and time in a container, before and after it ran, and in what export and commit make of it", async () => {
    await importOdd();
    await succeeds("create", "--image", "odd", "--network", "none", "c1", "stat", "-c", "%a %u %g %Y", "/");
    const exported = () => {
      const archive = join(rig.directory, "exported.tar");
      return succeeds("export", "-o", archive, "c1").then(() =>
        execFileSync("tar", ["tvf", archive, "--utc"], { encoding: "utf8" }),
      );
    };
    const ROOT = /^drwxr-x--t 5\/6 +0 1970-01-01 00:16 \.\/$/m;
    assert.match(await exported(), ROOT);
    assert.equal(await succeeds("start", "-a", "c1"), "1751 5 6 1000\n");
    assert.equal(await succeeds("start", "-a", "c1"), "1751 5 6 1000\n");
    assert.match(await exported(), ROOT);
    await succeeds("commit", "c1", "local/odd");
    const words = ["run", "--image", "local/odd", "--network", "none", "c2", "stat", "-c", "%a %u %g %Y", "/"];
    assert.equal(await succeeds(...words), "1751 5 6 1000\n");
  });
});
