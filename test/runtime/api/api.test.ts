import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import {
  Failure,
  type FailureCode,
  importImage,
  type LayerProgress,
  listImages,
  loadImages,
  pullImage,
  removeImage,
  start,
} from "../../../runtime/api/api.ts";
import { needs, temporaryDirectory } from "../../rig/host.ts";
import { traces } from "../../rig/leaks.ts";
import { faultyRegistry } from "../../rig/registry.ts";
import { busyboxRootfs, tinydocker } from "../../rig/tinydocker.ts";
import { archive } from "../image/archive/archive.ts";
import { ociLayout, written } from "../image/layers/saved.ts";

const project = process.cwd();
const directory = await temporaryDirectory({ after });
const root = join(directory, "state");
process.env["TINYDOCKER_ROOT"] = root;
/** The API in one file that another user can read, who may have no access to the folder of this project. */
const { program } = await tinydocker({ after }, "runtime/api/api.ts");
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

  it("mounts what is requested", async () => {
    const path = join(directory, "mounted");
    const output = openSync(path, "w");
    const script = "cat /shown/file; touch /made/x && ls /made; stat -f -c %b /dev/shm";
    const mounts = [`type=bind,src=${directory},dst=/shown,ro`];
    const asked = { name: "a", args: ["sh", "-c", script], mounts, tmpfs: ["/made:size=1m"], shmSize: "1m" };
    const container = await start(asked, { stdio: [devNull, output, devNull] });
    closeSync(output);
    await container.exited;
    assert.equal(await readFile(path, "utf8"), "shown\nx\n256\n");
  });

  it("explains what it does, in the requested language", async () => {
    for (const [language, took] of [
      ["en", "time of each step"],
      ["zh", "各步骤用时"],
    ] as const) {
      const pieces: string[] = [];
      const explain = (text: string) => void pieces.push(text);
      await (await start({ name: "a", args: ["true"] }, { stdio, explain, language })).exited;
      assert.match(pieces[0] ?? "", /^ {2}1 {2}mkdir\("\/sys\/fs\/cgroup.*\n(.*\n)* *\d+ {2}clone3\(/);
      assert.match(pieces[1] ?? "", new RegExp(`^${took}\n`));
      assert.equal(pieces.length, 2);
    }
  });
});

describe("start, when it is called", () => {
  it("takes the state directory and the working directory of that moment", async () => {
    const other = join(directory, "other");
    process.env["TINYDOCKER_ROOT"] = other;
    process.chdir(directory);
    const first = start({ name: "a", args: ["test", "-e", "/shown"], volumes: ["./file:/shown"] }, { stdio });
    process.env["TINYDOCKER_ROOT"] = root;
    process.chdir(project);
    const both = await Promise.all([first, start({ name: "a", args: ["true"] }, { stdio })]);
    const ends = await Promise.all(both.map(({ exited }) => exited));
    assert.deepEqual(ends, Array(2).fill({ code: 0, signal: null }));
    assert.deepEqual(traces(root), clean);
    assert.deepEqual(await readdir(join(other, "locks")), []);
  });

  it("needs a working directory only for a relative volume", async () => {
    const gone = await mkdtemp(join(directory, "gone."));
    process.chdir(gone);
    await rmdir(gone);
    try {
      assert.deepEqual(await (await start({ name: "a", args: ["true"] }, { stdio })).exited, { code: 0, signal: null });
      await assert.rejects(
        start({ name: "a", args: ["true"], volumes: ["./file:/shown"] }, { stdio }),
        isFailure(/the current directory does not exist any more/, "mount-source-missing"),
      );
    } finally {
      process.chdir(project);
    }
  });

  it("has a code of its own for a working directory that can't be made", async () => {
    await assert.rejects(
      start({ name: "a", args: ["true"], cwd: "/etc/passwd" }, { stdio }),
      isFailure(/\/etc\/passwd is a file, and must be a directory/, "workdir-unusable"),
    );
  });
});

describe("a program that starts containers", () => {
  /** Runs it in a process of its own; `start` and `stdio` are there. */
  async function outputOf(program: string): Promise<{ stdout: string; stderr: string }> {
    const api = await tinydocker({ after }, "runtime/api/api.ts");
    const before = `const { start } = await import(${JSON.stringify(api.program)});
      const fs = await import("node:fs"); const devNull = fs.openSync("/dev/null", "r+"); const stdio = Array(3).fill(devNull);`;
    const file = join(api.directory, "program.mjs");
    await writeFile(file, `${before}\n${program}`);
    return await promisify(execFile)(process.execPath, [file], { env: { ...process.env, TINYDOCKER_ROOT: api.root } });
  }

  it("can do so after a first time without a free descriptor", async () => {
    const { stdout } = await outputOf(`
      const taken = [];
      try { for (;;) taken.push(fs.openSync("/dev/null")); } catch {}
      for (let free = 0; free < 3; free++) fs.closeSync(taken.pop());
      console.log(await start({ name: "a", args: ["true"] }, { stdio }).catch(({ message }) => message));
      for (const fd of taken) fs.closeSync(fd);
      console.log((await (await start({ name: "a", args: ["true"] }, { stdio })).exited).code);`);
    assert.match(stdout, /EMFILE, too many open files.*\n0\n$/);
  });

  it("in a worker thread gets no warnings about descriptors", async () => {
    const { stdout, stderr } = await outputOf(`
      const { isMainThread, Worker } = await import("node:worker_threads");
      if (isMainThread) new Worker(new URL(import.meta.url));
      else console.log((await (await start({ name: "a", args: ["true"] }, { stdio })).exited).code);`);
    assert.deepEqual([stdout, stderr], ["0\n", ""]);
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

  it("of a registry are pulled, used by what they say, listed, loaded again and removed", async (t) => {
    const rootfs = await busyboxRootfs(join(directory, "rootfs"));
    const base = execFileSync("tar", ["-C", rootfs, "-cf", "-", "."], { maxBuffer: 64 << 20 });
    const config = { Entrypoint: ["/bin/sh", "-c"], Cmd: ["pwd; id -u; echo $A"], Env: ["A=b"], WorkingDir: "/etc" };
    const files = ociLayout({ layers: [base], compress: gzipSync, config: { ...config, User: "7" } });
    const registry = await faultyRegistry({ after: (cleanup) => t.after(cleanup) }, files);
    process.env["XDG_CONFIG_HOME"] = registry.env["XDG_CONFIG_HOME"];
    const name = `${registry.host}/image:latest`;
    const seen: LayerProgress[] = [];
    const pulled = await pullImage(`${registry.host}/image`, { progress: (layer) => void seen.push(layer) });
    assert.deepEqual({ ...pulled, id: "", digest: "" }, { name, id: "", digest: "", upToDate: false, warnings: [] });
    assert.deepEqual(seen.at(-1), { ...seen.at(-1), state: "done", bytes: seen[0]?.size });
    assert.equal((await pullImage(name)).upToDate, true);
    const [image, ...others] = await listImages();
    assert.deepEqual(others, []);
    const { created, bytes: size, files: count, ...rest } = image ?? assert.fail();
    assert.deepEqual(rest, { name, config: { ...config, User: "7" }, id: pulled.id, digest: pulled.digest });
    assert.ok(Number.isFinite(Date.parse(created)) && size > 100_000 && count > 5);
    const output = openSync(join(directory, "says"), "w");
    await (await start({ name: "a", image: pulled.id, args: [] }, { stdio: [devNull, output, 2] })).exited;
    const words = ["-c", "id -u"];
    const asked = { name: "a", image: name, entrypoint: "/bin/sh", args: words, user: "0" };
    await (await start(asked, { stdio: [devNull, output, 2] })).exited;
    closeSync(output);
    assert.equal(await readFile(join(directory, "says"), "utf8"), "/etc\n7\nb\n0\n");
    await removeImage(name);
    assert.deepEqual(await listImages(), []);
    const layout = join(directory, "layout");
    written(files, layout);
    assert.deepEqual(await loadImages(layout, { name: "again" }), ["again:latest"]);
    assert.equal((await listImages())[0]?.id, pulled.id);
    await removeImage("again");
  });

  it("are not pulled by a name that is none, where the registry has none, or when that is aborted", async (t) => {
    const registry = await faultyRegistry({ after: (cleanup) => t.after(cleanup) }, {}, () => {});
    process.env["XDG_CONFIG_HOME"] = registry.env["XDG_CONFIG_HOME"];
    await assert.rejects(pullImage("A:b"), isFailure(/can't be the name of an image/, "name-invalid"));
    const abort = new AbortController();
    const pulling = pullImage(`${registry.host}/image`, { signal: abort.signal });
    abort.abort(new Error("given up"));
    await assert.rejects(pulling, /given up/);
    await assert.rejects(loadImages(Readable.from([bytes])), isFailure(/can't load standard input/, "image-invalid"));
    assert.deepEqual(await listImages(), []);
  });

  it("of another user can be neither listed nor added to, which is reported", async (t) => {
    if (!needs(t, process.geteuid?.() === 0 ? undefined : "root")) return;
    const api: typeof import("../../../runtime/api/api.ts") = await import(program);
    await api.importImage("small", Readable.from([bytes]));
    const isRefused = (error: unknown) =>
      error instanceof api.Failure &&
      error.code === "state-unwritable" &&
      error.remedy?.startsWith("run as root") === true;
    process.seteuid?.(65534);
    try {
      await assert.rejects(api.listImages(), isRefused);
      await assert.rejects(api.importImage("other", Readable.from([bytes])), isRefused);
    } finally {
      process.seteuid?.(0);
      await api.removeImage("small");
    }
  });

  it("do not exist when the source fails, is broken or is aborted, and the source is destroyed", async () => {
    const failing = async function* () {
      yield bytes.subarray(0, 512);
      throw new Error("the download broke off");
    };
    await assert.rejects(importImage("small", failing()), /^Error: the download broke off$/);
    const unreachable = async function* (): AsyncGenerator<Uint8Array> {
      if (bytes.length > 0) throw new Error("no route to host");
      yield bytes;
    };
    await assert.rejects(importImage("small", unreachable()), /^Error: no route to host$/);
    const text: AsyncIterable<unknown> = Readable.from(["text"]);
    const words = { [Symbol.asyncIterator]: () => text[Symbol.asyncIterator]() } as AsyncIterable<Uint8Array>;
    await assert.rejects(importImage("small", words), isFailure(/must be a Uint8Array, not "text"/, "usage"));
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
