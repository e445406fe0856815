import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { needs, temporaryDirectory } from "../../../rig/host.ts";
import { tinydocker } from "../../../rig/tinydocker.ts";

const missing = process.geteuid?.() !== 0 ? "root" : existsSync("/usr/bin/buildah") ? undefined : "buildah";

const CONTAINERFILE = `FROM scratch
COPY busybox /bin/busybox
ENV GREETING=hello
VOLUME /data
ENTRYPOINT ["/bin/busybox", "sh", "-c", "echo $GREETING \\"$@\\"; busybox ls -d /data", "sh"]
CMD ["from the image"]
`;

test("the recipe in docs/, the same in both languages, builds an image with buildah, and runs it", async (t) => {
  if (!needs(t, missing)) return;
  const scope = { after: (cleanup: () => Promise<void>) => t.after(cleanup) };
  const rig = await tinydocker(scope);
  const directory = await temporaryDirectory(scope);
  const recipes = ["docs/tinydocker.md", "docs/tinydocker.zh-CN.md"].map(recipeIn);
  assert.equal(recipes[0], recipes[1]);
  copyFileSync("/usr/bin/busybox", join(directory, "busybox"));
  writeFileSync(join(directory, "Containerfile"), CONTAINERFILE);
  mkdirSync(join(directory, "bin"));
  writeFileSync(join(directory, "bin/tinydocker"), `#!/bin/sh\nexec ${process.execPath} -- ${rig.program} "$@"\n`);
  chmodSync(join(directory, "bin/tinydocker"), 0o755);
  const storage = `[storage]\ndriver = "vfs"\ngraphroot = "${directory}/graph"\nrunroot = "${directory}/run"\n`;
  writeFileSync(join(directory, "storage.conf"), storage);
  const output = execFileSync("sh", ["-ec", recipes[0] ?? ""], {
    cwd: directory,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      PATH: `${directory}/bin:${process.env["PATH"]}`,
      CONTAINERS_STORAGE_CONF: join(directory, "storage.conf"),
      BUILDAH_ISOLATION: "chroot",
      TINYDOCKER_ROOT: rig.root,
    },
  });
  assert.match(output, /\nLoaded image: app:1\nhello from the image\n\/data\n$/);
});

function recipeIn(page: string): string {
  const lines = readFileSync(page, "utf8").split("\n");
  return lines.find((line) => line.startsWith("    buildah "))?.trim() ?? "";
}
