import assert from "node:assert/strict";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, describe, it } from "node:test";
import { Failure, type FailureCode, importImage, listImages, removeImage, start } from "../../../runtime/api/api.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { traces } from "../../rig/leaks.ts";
import { archive } from "../image/archive/archive.ts";

const directory = await temporaryDirectory({ after });
const root = join(directory, "state");
process.env["TINYDOCKER_ROOT"] = root;
const devNull = openSync("/dev/null", "r+");
after(() => closeSync(devNull));
const stdio = [devNull, devNull, devNull] as const;
await writeFile(join(directory, "file"), "shown\n");
await (await start({ name: "first", args: ["true"] }, { stdio })).exited;
const clean = traces(root);

function isFailure(pattern: RegExp, code: FailureCode): (error: unknown) => boolean {
  return (error) => error instanceof Failure && pattern.test(error.message) && error.code === code;
}

describe("start", () => {
  it("resolves once the command runs, so that its process is the command", async () => {
    const container = await start({ name: "a", args: ["sleep", "1000"] }, { stdio });
    assert.equal(container.name, "a");
    assert.equal(await readFile(`/proc/${container.pid}/comm`, "utf8"), "sleep\n");
    assert.equal(container.kill("SIGINT"), true);
    assert.deepEqual(await container.exited, { code: null, signal: "SIGINT" });
    assert.equal(container.kill(), false);
    assert.deepEqual(traces(root), clean);
  });

  it("rejects with the reason, and leaves nothing behind", async () => {
    await assert.rejects(start({ name: "a", args: ["nosuch"] }, { stdio }), isFailure(/nosuch/, "command-not-found"));
    await assert.rejects(start({ name: "../a", args: ["true"] }, { stdio }), isFailure(/"\.\.\/a"/, "name-invalid"));
    await assert.rejects(
      start({ name: "a", args: ["true"], user: "nosuch" }, { stdio }),
      isFailure(/nosuch/, "user-unknown"),
    );
    await assert.rejects(
      start({ name: "a", args: ["true"], image: "nosuch" }, { stdio }),
      isFailure(/nosuch/, "image-not-found"),
    );
    assert.deepEqual(traces(root), clean);
  });

  it("passes what the request contains to the command", async () => {
    const path = join(directory, "output");
    const output = openSync(path, "w");
    const script = 'read -r line </shown/file; echo "$line $WORD $(id -u) $(pwd) $(hostname)"; touch /made || exit 5';
    const container = await start(
      {
        name: "a",
        args: ["sh", "-c", script],
        env: { WORD: "x=y" },
        cwd: "/tmp",
        hostname: "house",
        volumes: [`${directory}:/shown:ro`],
        readonly: true,
      },
      { stdio: [devNull, output, devNull] },
    );
    closeSync(output);
    assert.deepEqual(await container.exited, { code: 5, signal: null });
    assert.equal(await readFile(path, "utf8"), "shown x=y 0 /tmp house\n");
  });

  it("explains what it does, in the requested language", async () => {
    for (const [language, took] of [
      ["en", "time of each step"],
      ["zh", "各步骤用时"],
    ] as const) {
      const pieces: string[] = [];
      const explain = (text: string) => void pieces.push(text);
      await (await start({ name: "a", args: ["true"] }, { stdio, explain, language })).exited;
      assert.match(pieces[0] ?? "", /^ {2}1 {2}clone3\(/);
      assert.match(pieces[1] ?? "", new RegExp(`^${took}\n`));
      assert.equal(pieces.length, 2);
    }
  });
});

describe("images", () => {
  const bytes = archive({ name: "bin/", type: "5" }, { name: "bin/tool", content: "12345" });

  it("are imported from bytes, listed, used and removed", async () => {
    const { created, warnings, ...image } = await importImage("small", Readable.from([bytes]));
    assert.deepEqual({ ...image, warnings }, { name: "small", bytes: 5, files: 1, warnings: [] });
    assert.deepEqual(await listImages(), [{ ...image, created }]);
    const container = start({ name: "a", args: ["/bin/tool"], image: "small" }, { stdio });
    await assert.rejects(container, (error) => error instanceof Failure && error.exitCode === 126);
    await removeImage("small");
    assert.deepEqual(await listImages(), []);
  });

  it("are imported from a directory, even one named -, with a warning about what was left out", async () => {
    process.chdir(directory);
    await mkdir("-");
    await writeFile("-/manifest.json", "[]");
    const { warnings } = await importImage("layers", "-");
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /contains layers/);
    await removeImage("layers");
  });

  it("of another user can be neither listed nor added to, which is reported", async (t) => {
    if (!needs(t, process.geteuid?.() === 0 ? undefined : "root")) return;
    await importImage("small", Readable.from([bytes]));
    // Loads what listing needs: another user may have no access to the folder that this project is in.
    await listImages();
    const isRefused = (error: unknown) =>
      error instanceof Failure && error.code === "state-unwritable" && error.remedy?.startsWith("run as root") === true;
    process.seteuid?.(65534);
    try {
      await assert.rejects(listImages(), isRefused);
      await assert.rejects(importImage("other", Readable.from([bytes])), isRefused);
    } finally {
      process.seteuid?.(0);
      await removeImage("small");
    }
  });

  it("do not exist when the source fails, is broken or is aborted, and the source is destroyed", async () => {
    const failing = async function* () {
      yield bytes.subarray(0, 512);
      throw new Error("the download broke off");
    };
    await assert.rejects(importImage("small", failing()), /the download broke off/);
    const broken = Readable.from([bytes.subarray(0, 700)]);
    await assert.rejects(importImage("small", broken), isFailure(/can't import standard input/, "image-invalid"));
    const endless = new Readable({ read: () => {} });
    const abort = new AbortController();
    const importing = importImage("small", endless, { signal: abort.signal });
    abort.abort(new Error("given up"));
    await assert.rejects(importing, /given up/);
    const unread = Readable.from([bytes]);
    await assert.rejects(importImage("host", unread), isFailure(/built in/, "image-built-in"));
    assert.deepEqual([broken.destroyed, endless.destroyed, unread.destroyed], [true, true, true]);
    assert.deepEqual(await listImages(), []);
  });
});
