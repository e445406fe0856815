import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { busyboxRootfs, tinydocker } from "../../../rig/tinydocker.ts";
import { archive } from "../archive/archive.ts";
import { dockerSave, packed } from "./saved.ts";

const rig = await tinydocker({ after });
const rootfs = await busyboxRootfs(join(rig.directory, "rootfs"));
const base = execFileSync("tar", ["-C", rootfs, "-c", "."], { maxBuffer: 16 * 1_024 ** 2 });
const app = archive(
  { name: "srv/", type: "5", mode: 0o755 },
  { name: "srv/greeting", content: "hello\n" },
  { name: "etc/passwd", content: "root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n" },
);
const config = {
  Env: ["WORD=image", "PATH=/bin", "SECRET"],
  User: "app",
  WorkingDir: "/srv",
  Cmd: ["cat", "greeting"],
};

test("a container of what docker saved gets the image's variables, directory and user, unless it asks for others", async () => {
  const input = gzipSync(packed(dockerSave({ layers: [base, app], config })));
  const imported = await rig.run(["image", "import", "app", "-"], { input });
  assert.equal(imported.code, 0, imported.stderr);
  assert.match(imported.stderr, /the image's own command, .* is: "cat" "greeting"/);
  assert.equal((await rig.run(["run", "--image", "app", "c1"])).stdout, "hello\n");
  const script = 'cat greeting; pwd; id -u; echo "$WORD $SECRET"';
  const options = { env: { SECRET: "the caller's" } };
  const own = await rig.run(["run", "--image", "app", "c1", "sh", "-c", script], options);
  assert.deepEqual([own.stdout, own.stderr], ["hello\n/srv\n1000\nimage \n", ""]);
  const asked = ["-w", "/etc", "-u", "0", "-e", "WORD=asked"];
  const other = await rig.run(["run", "--image", "app", ...asked, "c1", "sh", "-c", "pwd; id -u; echo $WORD"], options);
  assert.deepEqual([other.stdout, other.stderr], ["/etc\n0\nasked\n", ""]);
});
