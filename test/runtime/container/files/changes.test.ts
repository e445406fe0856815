import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { busyboxRootfs, tinydocker } from "../../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
const rootfs = await busyboxRootfs(join(rig.directory, "rootfs"));
for (const name of ["kept", "gone", "mixed", "swapped"]) mkdirSync(join(rootfs, "srv", name), { recursive: true });
writeFileSync(join(rootfs, "srv/mixed/old"), "");
symlinkSync("/etc", join(rootfs, "srv/link"));
assert.equal((await rig.run(["image", "import", "box", rootfs])).code, 0);

async function diffAfter(name: string, script: string, ...options: string[]): Promise<string> {
  const words = [
    "run",
    "--image",
    "box",
    "--network",
    "none",
    ...options,
    name,
    "sh",
    "-c",
    `${script}; echo; exec cat`,
  ];
  const child = rig.spawn(words);
  after(() => void child.kill("SIGKILL"));
  await once(child.stdout as NodeJS.ReadableStream, "data");
  const { code, stdout, stderr } = await rig.run(["diff", name]);
  assert.deepEqual([code, stderr], [0, ""]);
  child.stdin?.end();
  await once(child, "close");
  return stdout;
}

test("a container that has changed nothing has no changes, whatever was mounted in it", async () => {
  assert.equal(await diffAfter("c1", "true", "-v", "data:/srv/made", "--tmpfs", "/var/run"), "");
});

test("a mount table of its own making is a change, and the one it gets is none", async () => {
  assert.equal(await diffAfter("c1", "readlink /etc/mtab"), "");
  assert.equal(await diffAfter("c1", "ln -sf /dev/null /etc/mtab"), "C /etc\nA /etc/mtab\n");
});

test("what a container has added, changed and deleted is listed", async () => {
  const script =
    "cd /srv; touch new; echo x >>mixed/old; rm -r gone; mkdir -p deep/er; chmod 700 kept; rm -r swapped; ln -s / swapped; mkdir gone2";
  assert.equal(
    await diffAfter("c1", script),
    "C /srv\nA /srv/deep\nA /srv/deep/er\nD /srv/gone\nA /srv/gone2\nC /srv/kept\nC /srv/mixed\nC /srv/mixed/old\nA /srv/new\nC /srv/swapped\n",
  );
});

test("a directory in place of one, or of a link, hides what was there, and nothing outside the image counts", async () => {
  const script = "cd /srv; rm -r mixed; mkdir mixed; touch mixed/new; rm link; mkdir link; touch link/passwd";
  assert.equal(
    await diffAfter("c1", script),
    "C /srv\nC /srv/link\nA /srv/link/passwd\nC /srv/mixed\nA /srv/mixed/new\nD /srv/mixed/old\n",
  );
});

test("names that are not UTF-8 are listed, byte by byte", async () => {
  const script = "cd /srv; mkdir $(printf 'n\\377'); touch $(printf 'n\\377/\\376')";
  assert.equal(await diffAfter("c1", script), "C /srv\nA /srv/n\ufffd\nA /srv/n\ufffd/\ufffd\n");
});
