import assert from "node:assert/strict";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";

/** The last one first: the container ends before its files are removed. */
const cleanups: (() => unknown)[] = [];
const scope = { after: (cleanup: () => Promise<void>) => void cleanups.unshift(cleanup) };
after(async () => {
  for (const cleanup of cleanups) await cleanup();
});
const rig = await tinydocker(scope);
await importBusybox(rig);
const here = join(rig.directory, "here");
mkdirSync(here);
const child = rig.spawn(["run", "--image", "box", "--network", "none", "web", "sh"]);
const ended = once(child, "exit");
scope.after(async () => {
  child.stdin?.end(); // which ends it
  await ended;
});

/** What a script prints in the container. */
async function inside(script: string): Promise<string> {
  let answer = "";
  const collect = (chunk: Buffer) => {
    answer += chunk;
  };
  child.stdout?.on("data", collect);
  child.stdin?.write(`${script}\necho answered\n`);
  while (!answer.endsWith("answered\n")) await once(child.stdout as NodeJS.ReadableStream, "data");
  child.stdout?.off("data", collect);
  return answer.slice(0, -"answered\n".length);
}

async function cp(...words: string[]): Promise<void> {
  assert.deepEqual(await rig.run(["cp", ...words], { cwd: here }), { code: 0, signal: null, stdout: "", stderr: "" });
}

await inside(
  "mkdir -p /srv/tree/sub; echo one >/srv/tree/a; chmod 4750 /srv/tree/a; ln -s a /srv/tree/link; echo two >/srv/tree/sub/b",
);

describe("tinydocker cp", () => {
  it("copies out of a container into a directory, under a new name, or what is in one", async () => {
    await cp("web:/srv/tree", ".");
    assert.deepEqual(readdirSync(join(here, "tree")).sort(), ["a", "link", "sub"]);
    assert.equal(lstatSync(join(here, "tree/a")).mode & 0o7777, 0o4750);
    assert.equal(readlinkSync(join(here, "tree/link")), "a");
    await cp("web:srv/tree/sub/b", "renamed");
    assert.equal(readFileSync(join(here, "renamed"), "utf8"), "two\n");
    mkdirSync(join(here, "into"));
    await cp("web:/srv/tree/.", "into");
    assert.deepEqual(readdirSync(join(here, "into")).sort(), ["a", "link", "sub"]);
  });

  it("copies into a container, merges directories and replaces files", async () => {
    mkdirSync(join(here, "new/sub"), { recursive: true });
    writeFileSync(join(here, "new/a"), "changed\n");
    chmodSync(join(here, "new/a"), 0o640);
    utimesSync(join(here, "new/a"), 1_000_000, 1_000_000);
    writeFileSync(join(here, "new/sub/c"), "three\n");
    await cp("new/.", "web:/srv/tree");
    assert.equal(
      await inside("cd /srv/tree; cat a sub/b sub/c; stat -c '%a %u %g %Y' a"),
      "changed\ntwo\nthree\n640 0 0 1000000\n",
    );
    await cp("new/a", "web:/srv/named");
    assert.equal(await inside("cat /srv/named"), "changed\n");
  });

  it("names what is in the way, missing or misspelled", async () => {
    for (const [words, message] of [
      [["web:/nosuch", "."], /can't reach \/nosuch of the container web: ENOENT/],
      [["new", "web:/srv/named"], /can't copy "named": a file or a link is where a directory should be/],
      [["new/a", "web:/no/such/place"], /can't reach \/no\/such of the container web: ENOENT/],
      [["web:/srv/tree", "nosuch:/x"], /one of the two must be in a container/],
      [["nosuch:/x", "."], /there is no container nosuch/],
      [["web:/x", "-"], /- is not supported/],
    ] as const) {
      const { code, stderr } = await rig.run(["cp", ...words], { cwd: here });
      assert.equal(code, 125);
      assert.match(stderr, message);
    }
  });

  it("CVE-2018-15664: no link of the container leads it out of the container's root", async () => {
    const secret = join(rig.directory, "secret");
    mkdirSync(secret);
    writeFileSync(join(secret, "file"), "of the machine\n");
    await inside(
      `mkdir -p /evil; ln -s ${rig.directory} /evil/up; ln -s ${secret}/file /evil/file; ln -s / /evil/root`,
    );
    // The links lead nowhere inside.
    assert.match((await rig.run(["cp", "web:/evil/up/secret/file", "."], { cwd: here })).stderr, /can't reach/);
    await cp("web:/evil/file", "copied-link");
    assert.ok(lstatSync(join(here, "copied-link")).isSymbolicLink());
    writeFileSync(join(here, "payload"), "written\n");
    await cp("payload", "web:/evil/file");
    assert.equal(readFileSync(join(secret, "file"), "utf8"), "of the machine\n");
    await cp("payload", "web:/evil/root");
    assert.equal(await inside("cat /payload"), "written\n");
    assert.ok(!existsSync("/payload"));
  });

  it("CVE-2018-15664: nor one that takes a directory's place while it copies", async () => {
    const target = join(rig.directory, "outside");
    mkdirSync(join(target, "a"), { recursive: true });
    mkdirSync(join(here, "many/a"), { recursive: true });
    for (let i = 0; i < 300; i += 1) writeFileSync(join(here, "many/a", `${i}`), "x");
    await inside(
      `mkdir -p /race/a; (while [ ! -e /stop ]; do mv /race/a /race/b && ln -s ${target}/a /race/a && rm /race/a && mv /race/b /race/a; done) >/dev/null 2>&1 &`,
    );
    for (let i = 0; i < 4; i += 1) await rig.run(["cp", "many/.", "web:/race"], { cwd: here });
    await inside("touch /stop; wait");
    assert.deepEqual(readdirSync(join(target, "a")), []);
  });

  it("follows no link of this machine that is in the way, and leaves devices and FIFOs out", async () => {
    symlinkSync("/etc", join(here, "link-to-etc"));
    await inside("mkdir -p /out/link-to-etc; echo x >/out/link-to-etc/passwd; busybox mkfifo /out/fifo");
    const before = statSync("/etc/passwd").mtimeMs;
    const refused = await rig.run(["cp", "web:/out/.", "."], { cwd: here });
    assert.match(refused.stderr, /a file or a link is where a directory should be/);
    assert.equal(statSync("/etc/passwd").mtimeMs, before);
    await inside("rm -r /out/link-to-etc");
    assert.match(
      (await rig.run(["cp", "web:/out", "."], { cwd: here })).stderr,
      /1 devices, FIFOs and sockets are left out/,
    );
  });
});
