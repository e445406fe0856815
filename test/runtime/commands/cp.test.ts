import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
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
import { killedAt } from "../killed-at.ts";

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

async function succeeds(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await rig.run(words);
  assert.deepEqual([code, stderr], [0, ""], words.join(" "));
  return stdout;
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

  it("keeps the names of one file together, both ways and over what is there", async () => {
    const sameFile = (...names: string[]) => new Set(names.map((name) => statSync(join(here, name)).ino)).size === 1;
    await inside("mkdir -p /srv/linked/sub; echo one >/srv/linked/a; ln /srv/linked/a /srv/linked/sub/b");
    for (const _again of [1, 2]) {
      await cp("web:/srv/linked/.", "linked");
      assert.ok(sameFile("linked/a", "linked/sub/b"));
      await cp("linked", "web:/srv/back");
    }
    await cp("web:/srv/linked/a", "alone");
    assert.ok(!sameFile("linked/a", "alone"));
    const script = "cd /srv/back; echo two >a; cat sub/b linked/sub/b; stat -c %h a linked/a";
    assert.equal(await inside(`${script}; rm -r /srv/back /srv/linked`), "two\none\n2\n2\n");
  });

  it("names what is in the way, missing or misspelled", async () => {
    for (const [words, message] of [
      [["web:/nosuch", "."], /can't reach \/nosuch of the container web: ENOENT/],
      [["new", "web:/srv/named"], /can't copy "named": a file or a link is where a directory should be/],
      [["new/a", "web:/no/such/place"], /can't reach \/no\/such of the container web: ENOENT/],
      [["web:/srv/tree", "nosuch:/x"], /one of the two must be in a container/],
      [["nosuch:/x", "."], /there is no container nosuch/],
      [["web:", "."], /the path in the container web is "", an empty word/],
      [["web:/nosuch", "-"], /can't reach \/nosuch of the container web: ENOENT/],
      [["-", "web:/srv/named"], /\/srv\/named of the container web is no directory/],
    ] as const) {
      const { code, stderr } = await rig.run(["cp", ...words], { cwd: here });
      assert.equal(code, 125);
      assert.match(stderr, message);
    }
  });

  it("puts no file in the place of a device", async () => {
    const device = join(here, "null");
    execFileSync("mknod", [device, "c", "1", "3"]);
    const { code, stderr } = await rig.run(["cp", "web:/bin/busybox", device]);
    assert.equal(code, 125);
    assert.match(stderr, /can't copy "null": a device, a pipe or a socket is where a file should be\n {2}\S/);
    assert.ok(lstatSync(device).isCharacterDevice());
  });

  it("names what a file system of the container refuses, and leaves no part of a file", async () => {
    const options = ["-d", "--read-only", "--tmpfs", "/small:size=64k", "--network", "none", "--image", "box"];
    assert.equal((await rig.run(["run", ...options, "ro", "sleep", "1000"])).code, 0);
    writeFileSync(join(here, "large"), "x".repeat(200_000));
    for (const [path, why] of [
      ["/x", /^tinydocker: can't copy to ro:\/x: EROFS, [^\n]*\n {2}copy to a volume or tmpfs[^\n]*\n$/],
      ["/small", /^tinydocker: can't copy to ro:\/small: ENOSPC, [^\n]*\n {2}free some space there\n$/],
    ] as const) {
      const { code, stderr } = await rig.run(["cp", "large", `ro:${path}`], { cwd: here });
      assert.equal(code, 125);
      assert.match(stderr, why);
    }
    assert.equal((await rig.run(["exec", "ro", "ls", "/small"])).stdout, "");
    assert.equal((await rig.run(["rm", "-f", "ro"])).code, 0);
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
    assert.match((await rig.run(["cp", "payload", "web:/evil/file"], { cwd: here })).stderr, /can't reach/);
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

describe("tinydocker cp of a link", () => {
  const LINKS =
    "mkdir -p /to/d; cd /to; echo one >d/f; ln -s d dir; ln -s /to/link1 link2; ln -s d/../d/f link1; ln -s nope dangling";

  it("with -L copies what it leads to, a file or a directory, by way of other links, under the link's name", async () => {
    await inside(`rm -rf /to; ${LINKS}`);
    const linked = mkdtempSync(join(here, "linked-"));
    for (const name of ["link1", "link2", "dir"]) {
      const { code, stderr } = await rig.run(["cp", "-L", `web:/to/${name}`, linked]);
      assert.deepEqual([code, stderr], [0, ""]);
    }
    for (const file of ["link1", "link2", "dir/f"]) {
      assert.ok(!lstatSync(join(linked, file)).isSymbolicLink());
      assert.equal(readFileSync(join(linked, file), "utf8"), "one\n");
    }
    symlinkSync("link1", join(linked, "here"));
    await rig.run(["cp", "-L", "here", "web:/to/new"], { cwd: linked });
    assert.equal(await inside("stat -c %F /to/new; cat /to/new"), "regular file\none\n");
    const { code, stderr } = await rig.run(["cp", "-L", "web:/to/dangling", linked]);
    assert.deepEqual(
      [code, stderr.split("\n")[0]],
      [125, "tinydocker: can't reach /to/dangling of the container web: ENOENT, no such file or directory"],
    );
  });

  it("that is the target writes what it leads to, there or not, and never a device or a pipe", async () => {
    await inside(`rm -rf /to; ${LINKS}; ln -s /dev/null null`);
    const targets = mkdtempSync(join(here, "targets-"));
    writeFileSync(join(targets, "f"), "three\n");
    for (const name of ["link2", "dangling"]) await rig.run(["cp", "f", `web:/to/${name}`], { cwd: targets });
    assert.equal(
      await inside("cd /to; cat d/f nope; for link in link2 link1 dangling; do readlink $link; done"),
      "three\nthree\n/to/link1\nd/../d/f\nnope\n",
    );
    symlinkSync("f", join(targets, "link"));
    await inside("echo four >/to/d/f");
    await rig.run(["cp", "web:/to/d/f", "link"], { cwd: targets });
    assert.deepEqual([readlinkSync(join(targets, "link")), readFileSync(join(targets, "f"), "utf8")], ["f", "four\n"]);
    symlinkSync("/proc/self/fd/1", join(targets, "stdout")); // as /dev/stdout, which is a pipe's here
    for (const [source, target] of [
      ["web:/to/d/f", "stdout"],
      ["f", "web:/to/null"],
    ] as const) {
      const { code, stderr } = await rig.run(["cp", source, target], { cwd: targets });
      assert.equal(code, 125);
      assert.match(
        stderr,
        /^tinydocker: can't copy "[a-z]+": a device, a pipe or a socket is where a file should be\n {2}\S/,
      );
    }
    assert.ok(lstatSync(join(targets, "stdout")).isSymbolicLink());
  });

  it("copies the directory where its path ends in a slash, and refuses one that leads to a file", async () => {
    await inside(`rm -rf /to; ${LINKS}`);
    const slashed = mkdtempSync(join(here, "slashed-"));
    await rig.run(["cp", "web:/to/dir/", slashed]);
    assert.equal(readFileSync(join(slashed, "dir/f"), "utf8"), "one\n");
    for (const file of ["link1/", "d/f/"])
      assert.match((await rig.run(["cp", `web:/to/${file}`, slashed])).stderr, /ENOTDIR/);
    assert.deepEqual(readdirSync(slashed), ["dir"]);
  });
});

describe("tinydocker cp with -", () => {
  it("writes a tar archive of what a path leads to, and takes one", async () => {
    await inside("mkdir -p /arch/sub; echo one >/arch/a; ln /arch/a /arch/sub/b; ln -s a /arch/link");
    const listed = (words: string) => execFileSync("sh", ["-c", words], { cwd: here, encoding: "utf8" });
    assert.equal(
      (await rig.run(["cp", "web:/arch", "-"], { stdio: ["ignore", openSync(join(here, "x.tar"), "w"), "pipe"] })).code,
      0,
    );
    assert.equal(listed("tar -tf x.tar | sort"), "arch/\narch/a\narch/link\narch/sub/\narch/sub/b\n");
    listed("tar -xf x.tar && cmp arch/a arch/sub/b && test arch/a -ef arch/sub/b");
    const archive = execFileSync("tar", ["-cz", "--owner=7", "--group=8", "arch"], { cwd: here });
    await inside("mkdir /taken");
    const { code, stderr } = await rig.run(["cp", "-", "web:/taken"], { input: archive });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(await inside("cd /taken/arch; cat a sub/b; readlink link; stat -c '%u %g' a"), "one\none\na\n7 8\n");
    const cut = await rig.run(["cp", "-", "web:/taken"], { input: archive.subarray(0, 40) });
    assert.match(cut.stderr, /can't read the archive: /);
  });

  it("CVE-2018-15664: nor does a link in the archive, or in the container, lead it out of the container's root", async () => {
    mkdirSync(join(here, "evil"));
    const outside = join(rig.directory, "untouched");
    mkdirSync(outside);
    symlinkSync(outside, join(here, "evil/up"));
    const link = execFileSync("tar", ["-c", "-C", join(here, "evil"), "up"]);
    writeFileSync(join(here, "file"), "x");
    const through = execFileSync("tar", ["-c", "--transform", "s,^,up/,", "file"], { cwd: here });
    await inside(`mkdir /links; ln -s ${outside} /links/up`);
    for (const input of [Buffer.concat([link.subarray(0, 512), through]), through])
      assert.notEqual((await rig.run(["cp", "-", "web:/links"], { input })).code, 0);
    assert.deepEqual(readdirSync(outside), []);
  });
});

describe("tinydocker cp of a container that does not run", () => {
  it("copies both ways, also what is in its volumes, before it was started and after it ended", async () => {
    await succeeds(
      "create",
      "--image",
      "box",
      "--network",
      "none",
      "-v",
      "data:/data",
      "still",
      "cat",
      "/etc/new",
      "/data/file",
    );
    writeFileSync(join(here, "source"), "copied\n");
    await cp("source", "still:/etc/new");
    await cp("source", "still:/data/file");
    await cp("still:/etc/script", "script");
    assert.equal(readFileSync(join(here, "script"), "utf8"), "echo hello\n");
    await succeeds("start", "still");
    assert.equal(await succeeds("wait", "still"), "0\n");
    assert.equal(await succeeds("logs", "still"), "copied\ncopied\n");
    await cp("still:/data/.", "data");
    assert.deepEqual(readdirSync(join(here, "data")), ["file"]);
    assert.match(await succeeds("ps", "-a", "--filter", "name=still", "--format", "{{.Status}}"), /^Exited \(0\)/);
    assert.equal(await succeeds("diff", "still"), "C /etc\nA /etc/new\n");
  });

  it("follows no link out of its root", async () => {
    await inside("true");
    await succeeds(
      "create",
      "--image",
      "box",
      "--network",
      "none",
      "links",
      "sh",
      "-c",
      `ln -s ${rig.directory} /up; ln -s / /root-link`,
    );
    await succeeds("start", "links");
    await succeeds("wait", "links");
    assert.match((await rig.run(["cp", "links:/up/rootfs", "."], { cwd: here })).stderr, /can't reach/);
    await cp("source", "links:/root-link");
    assert.ok(!existsSync("/source"));
    await succeeds("rm", "links");
  });

  for (const [call, n] of [
    ["mount", 2],
    ["pivot_root", 1],
    ["utimensat", 1],
  ] as const)
    it(`leaves it as it was where kill -9 ends it at ${call} ${n}`, async () => {
      const { code, signal } = await rig.run(["cp", "source", "still:/etc/other"], {
        cwd: here,
        prefix: killedAt(rig.directory, call, n),
      });
      assert.deepEqual([signal, code], call === "utimensat" ? ["SIGKILL", null] : [null, 125]);
      await succeeds("start", "still");
      assert.equal(await succeeds("wait", "still"), "0\n");
    });

  it("is over when the container is removed", async () => {
    await succeeds("rm", "still");
    await succeeds("volume", "rm", "data");
    assert.match((await rig.run(["cp", "still:/etc/new", "."], { cwd: here })).stderr, /there is no container still/);
    assert.deepEqual(readdirSync(join(rig.root, "layers")), []);
  });
});
