import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { removeImage } from "../../../runtime/image/remove.ts";
import { needs } from "../../rig/host.ts";
import { archive } from "./archive/archive.ts";
import { imagesIn, importInto, place } from "./rig.ts";

const root = process.geteuid?.() === 0 ? undefined : "root";

for (const state of ["state", "state, with\\od\\072d: names é"]) {
  test(`an image in ${JSON.stringify(state)} can't be removed while a container runs on it`, async (context) => {
    if (!needs(context, root)) return;
    const here = await place(context);
    const at = { ...here, root: join(here.outside, state) };
    const { rootfs } = await importInto(at.root, "used", archive({ name: "file", content: "x" }));
    await importInto(at.root, "used-too", archive({ name: "file", content: "x" }));
    // As runtime/plan/overlay.ts writes them.
    const escaped = (path: string) => path.replace(/[\\,:]/g, "\\$&");
    const directory = join(at.root, "containers/hello");
    const [upper, work] = [join(directory, "upper"), join(directory, "work")];
    const script = `
      mkdir -p "$1" "$2" "$3" && mount -t tmpfs none "$4" && mkdir "$1" "$2" "$3" &&
      mount -t overlay -o "$0" none "$3" && echo mounted && cat
    `;
    const options = `lowerdir=${escaped(rootfs)},upperdir=${escaped(upper)},workdir=${escaped(work)}`;
    const container = spawn(
      "unshare",
      ["-m", "sh", "-c", script, options, upper, work, join(directory, "root"), directory],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    context.after(() => container.kill());
    await once(container.stdout, "data");
    await assert.rejects(removeImage(at.root, "used"), { message: "the image used is used by container hello" });
    assert.deepEqual(imagesIn(at), ["used", "used-too"]);
    await removeImage(at.root, "used-too");
    container.stdin.end();
    await once(container, "close");
    await removeImage(at.root, "used");
    assert.deepEqual(imagesIn(at), []);
  });
}
