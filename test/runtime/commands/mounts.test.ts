import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { traces } from "../../rig/leaks.ts";
import { importBusybox, type Outcome, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const clean = traces(rig.root, "c1");
const sh = (script: string, ...options: string[]): Promise<Outcome> =>
  rig.run(["run", "--image", "box", ...options, "c1", "sh", "-c", script]);
const printed = async (script: string, ...options: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sh(script, ...options);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout.trimEnd();
};
/** A directory of the host with one file of that content. */
const shared = (name: string) => {
  const directory = join(rig.directory, name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "file"), `${name}\n`);
  return directory;
};

describe("mounts", () => {
  it("below each other are all seen, in whatever order they are given", async () => {
    const mounts = ["-v", `${shared("sub")}:/d/sub`, "-v", `${shared("base")}:/d`];
    assert.equal(await printed("cat /d/file /d/sub/file", ...mounts), "base\nsub");
    assert.equal(await printed("cat /d/file /d/sub/file", ...mounts.slice(2), ...mounts.slice(0, 2)), "base\nsub");
  });

  it("of one destination are refused before anything is made", async () => {
    const { code, stdout, stderr } = await sh("true", "-v", `${shared("a")}:/d`, "-v", `${shared("b")}:/d/`);
    assert.deepEqual([code, stdout], [125, ""]);
    assert.match(stderr, /two mounts have the destination \/d, and only one could be seen\n {2}leave one/);
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  it("of what each container must have for itself are refused with words", async () => {
    for (const destination of ["/proc", "/dev", "/dev/pts", "/dev/stdout"]) {
      const { code, stderr } = await sh("true", "-v", `${shared("x")}:${destination}`);
      assert.equal(code, 125);
      assert.match(
        stderr,
        /^tinydocker: can't mount "[^\n]*": [^\n]*a container[^\n]*\n {2}choose another destination/,
      );
    }
    assert.deepEqual(readdirSync(shared("x")), ["file"]);
  });

  it("below the state directory are refused where that is hidden, and one over it is seen", async () => {
    const run = (destination: string) =>
      rig.run(["run", "-v", `${shared("x")}:${destination}`, "c1", "cat", `${destination}/file`]);
    const below = await run(join(rig.root, "data"));
    assert.equal(below.code, 125);
    assert.match(below.stderr, /nothing below [^\n]* can be seen\n {2}choose another destination/);
    assert.equal((await run(rig.root)).stdout, "x\n");
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  it("are read-only with all that is mounted below, or not, as asked", async () => {
    const directory = shared("tree");
    mkdirSync(join(directory, "sub"));
    const prefix = [
      "unshare",
      "--mount",
      "sh",
      "-ec",
      'mount -t tmpfs sub "$0"/sub; touch "$0"/sub/there; exec "$@"',
      directory,
    ];
    const script = "for f in /d/x /d/sub/x; do touch $f 2>/dev/null && echo $f; done; ls /d/sub";
    const written = async (...options: string[]) => {
      const args = ["run", "--image", "box", ...options, "c1", "sh", "-c", script];
      return (await rig.run(args, { prefix })).stdout.trim().split("\n");
    };
    const mount = `type=bind,src=${directory},dst=/d,ro`;
    assert.deepEqual(await written("-v", `${directory}:/d:ro`), ["there"]);
    assert.deepEqual(await written("--mount", mount), ["there"]);
    assert.deepEqual(await written("--mount", `${mount},bind-recursive=writable`), ["/d/sub/x", "there", "x"]);
    assert.deepEqual(await written("--mount", `${mount},bind-recursive=disabled`), [""]);
  });

  it("with docker's words for labels and caches are made", async () => {
    assert.equal(await printed("cat /d/file", "-v", `${shared("z")}:/d:ro,z`), "z");
    assert.match((await sh("touch /d/x", "-v", `${shared("z")}:/d:Z,ro`)).stderr, /Read-only file system/);
  });
});

describe("a mount of a device directory or a device", () => {
  it("of the host's /dev has the devices of every container, its own terminals, and no other device that the cgroup's rules allow", async () => {
    const before = readdirSync("/dev").sort();
    assert.equal(await printed("echo x >/dev/null; head -c 3 /dev/zero | wc -c", "-v", "/dev:/dev"), "3");
    assert.equal(await printed("echo $(ls /dev/pts)", "-v", "/dev:/dev"), "ptmx");
    assert.equal(await printed("exec 5<>/dev/ptmx; echo $(ls /dev/pts)", "-v", "/dev:/dev"), "0 ptmx");
    const other = otherDevice();
    if (other) assert.match((await sh(`cat <${other}`, "-v", "/dev:/dev")).stderr, /Operation not permitted/);
    const elsewhere = "echo x >/mydev/null; head -c 3 /mydev/zero | wc -c; ! cat /mydev/kmsg 2>/dev/null";
    assert.equal(await printed(elsewhere, "-v", "/dev:/mydev"), "3");
    assert.equal(await printed("echo x >/dev/null", "-v", "/dev:/dev:ro"), "");
    assert.deepEqual(readdirSync("/dev").sort(), before);
  });

  it("of one that every container has can take the place of another", async () => {
    const numbers = await printed(
      "stat -c %t:%T /dev/random; head -c 3 /dev/random | wc -c",
      "-v",
      "/dev/urandom:/dev/random",
    );
    assert.equal(numbers, "1:9\n3");
  });

  it("of memory shared with the host works", async () => {
    const name = `tinydocker-test.${process.pid}`;
    assert.equal(
      await printed(`echo x >/dev/shm/${name} && rm /dev/shm/${name}; ls -d /dev/mqueue`, "-v", "/dev/shm:/dev/shm"),
      "/dev/mqueue",
    );
  });
});

describe("a path of the image that is a symlink", () => {
  it("gets a mount where it leads, also if nothing is there yet", async () => {
    const box = await imageOf(`
      ln -s ../run/systemd/resolve/stub-resolv.conf etc/resolv.conf
      mkdir var && ln -s /run var/run && ln -s /data/deep srv && ln -s srv opt && ln -s ../../../../up/and/out mnt
    `);
    const file = (name: string) => join(shared(name), "file");
    const run = (script: string, ...mounts: string[]) => printed(script, "--image", box, ...mounts);
    assert.equal(
      await run(
        "cat /etc/resolv.conf /run/systemd/resolve/stub-resolv.conf; readlink /etc/resolv.conf",
        "-v",
        `${file("rc")}:/etc/resolv.conf:ro`,
      ),
      "rc\nrc\n../run/systemd/resolve/stub-resolv.conf",
    );
    assert.equal(
      await run("cat /run/lock/file; readlink /var/run", "-v", `${shared("lock")}:/var/run/lock`),
      "lock\n/run",
    );
    assert.equal(
      await run("cat /data/deep/x/file; readlink /opt; readlink /srv", "-v", `${shared("x")}:/opt/x`),
      "x\nsrv\n/data/deep",
    );
    assert.equal(await run("cat /up/and/out/file", "-v", `${shared("up")}:/mnt`), "up");
    assert.equal(await run("cat /data/deep/f", "-v", `${file("f")}:/opt/f`), "f");
    assert.equal(await run("pwd; cd /srv/w && pwd -P", "-w", "/srv/w"), "/data/deep/w\n/data/deep/w");
    assert.equal(await run("touch /data/deep/t && stat -c %a /data/deep", "--tmpfs", "/srv"), "1777");
  });

  it("has /etc/mtab, as docker's have it, unless the image or a mount has what is there", async () => {
    assert.match(await printed("readlink /etc/mtab; df /", "--image", "box"), /^\/proc\/mounts\nFilesystem.*\noverlay/);
    assert.equal(await printed("cat /etc/mtab", "--image", await imageOf("echo own >etc/mtab")), "own");
    await printed("true", "--image", "box", "-v", `${shared("etc")}:/etc`);
    assert.deepEqual(readdirSync(shared("etc")), ["file"]);
  });

  it("stays what it is where the container's own file systems and files are", async () => {
    const box = await imageOf(`
      mkdir private && mv etc private/etc && ln -s private/etc etc
      ln -s private/devices dev && ln -s /private/proc proc && ln -s ./private/sys sys
    `);
    const links = "etc dev proc sys";
    const script = `
      cd /; for l in ${links}; do readlink $l; done; cat /etc/hostname /private/etc/script; echo x >/dev/null
      echo /proc/[0-9]*; head -c 3 /private/devices/zero | wc -c; ls -d /sys/kernel; wc -c </private/proc/keys
    `;
    assert.equal(
      await printed(script, "--image", box),
      "private/etc\nprivate/devices\n/private/proc\n./private/sys\nc1\necho hello\n/proc/1\n3\n/sys/kernel\n0",
    );
    const readonly = await sh("echo 1 >/private/proc/sys/kernel/printk", "--image", box);
    assert.match(readonly.stderr, /Read-only file system/);
  });

  it("leads nowhere outside the root, nor to an open file", async () => {
    const victim = shared("victim");
    const box = await imageOf(`ln -s ${victim} srv && ln -s /proc/self/cwd mnt && ln -s b a && ln -s a b`);
    assert.equal((await sh("ls /srv/x", "--image", box, "-v", `${shared("x")}:/srv/x`)).stdout, "file\n");
    assert.deepEqual(readdirSync(victim), ["file"]);
    for (const [destination, words] of [
      ["/mnt/x", /a container has a \/proc of its own/],
      ["/a", /\/a leads in a circle of symbolic links/],
      ["/b/x", /\/b\/x leads in a circle of symbolic links/],
    ] as const) {
      const { code, stderr } = await sh("true", "--image", box, "-v", `${shared("x")}:${destination}`);
      assert.equal(code, 125);
      assert.match(stderr, words);
    }
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });
});

describe("a path of the image that can't be a mount point", () => {
  const REMEDY = "\n  change the image, or mount a directory on a directory and a file on a file\n";
  const refuses = async (box: string, words: string, ...options: string[]) => {
    const { code, stderr } = await sh("true", "--image", box, ...options);
    assert.equal(code, 125);
    assert.ok(stderr.includes(words), stderr);
    assert.deepEqual(traces(rig.root, "c1"), clean);
  };

  it("is named: a file where a directory must be, or the reverse", async () => {
    const box = await imageOf("echo >f && mkdir -p d && ln -s f link && mkdir -p p && ln -s ../f p/sub");
    const directory = shared("directory");
    await refuses(box, `/f is a file, and must be a directory${REMEDY}`, "-v", `${directory}:/f`);
    await refuses(box, "/f is a file, and must be a directory", "-v", `${directory}:/link/deeper/still`);
    await refuses(box, "/f is a file, and must be a directory", "-w", "/p/sub/w");
    await refuses(box, "/f is a file, and must be a directory", "--tmpfs", "/link");
    await refuses(box, "/d is a directory, and must be a file", "-v", `${directory}/file:/d`);
  });

  it("is named: one that is missing below what is mounted read-only, or is full", async () => {
    const box = await imageOf("mkdir d");
    const [directory, mounted] = [shared("directory"), `${shared("mounted")}:/d`];
    const readonly = (at: string, path: string) =>
      `${path}", 0755): EROFS, read-only file system\n  ${at} is mounted read-only: make ${path} where that comes from`;
    await refuses(box, readonly("/d", "/d/new"), "-v", `${mounted}:ro`, "-v", `${directory}:/d/new`);
    await refuses(box, readonly("/d", "/d/new"), "-v", `${mounted}:ro`, "-w", "/d/new");
    await refuses(box, readonly("/sys", "/sys/new"), "-v", `${directory}:/sys/new`);
    const full = "ENOSPC, no space left on device\n  free some space in what is mounted on /t\n";
    await refuses(box, full, "--tmpfs", "/t:nr_inodes=1", "-v", `${directory}:/t/new`);
  });

  for (const name of ["dev", "proc", "sys", "etc"]) {
    it(`is named: a file /${name}`, async () => {
      const box = await imageOf(`rm -rf ${name} && echo >${name}`);
      await refuses(box, `/${name} is a file, and must be a directory${REMEDY}`);
    });
  }

  it("is named where a read-only mount lacks it", async () => {
    const { code, stderr } = await sh("true", "-v", `${shared("base")}:/d:ro`, "-v", `${shared("sub")}:/d/none/sub`);
    assert.equal(code, 125);
    assert.match(stderr, /EROFS, read-only file system: \/d\/none/);
  });
});

describe("a tmpfs", () => {
  it("is empty, limited, and of docker's options and the directory's mode", async () => {
    const box = await imageOf("mkdir -m 0750 run && mkdir -m 1777 tmp && echo >run/hidden");
    const script = "ls -A /run /new; stat -c %a /run /tmp /new; grep -E ' /(run|tmp|new) ' /proc/self/mountinfo";
    const lines = (
      await printed(
        script,
        "--image",
        box,
        "--tmpfs",
        "/run:size=64k",
        "--tmpfs",
        "/tmp:exec,mode=700",
        "--mount",
        "type=tmpfs,dst=/new,tmpfs-size=1m,ro",
      )
    ).split("\n");
    assert.deepEqual(lines.slice(-6, -3), ["750", "700", "1777"]);
    assert.ok(!lines.includes("hidden"));
    const options = Object.fromEntries(
      lines.slice(-3).map((line) => {
        const fields = line.split(" ");
        return [fields[4], `${fields[5]} ${fields.at(-1)}`];
      }),
    );
    assert.match(options["/run"] ?? "", /^rw,nosuid,nodev,noexec,relatime .*size=64k,.*mode=750/);
    assert.match(options["/tmp"] ?? "", /^rw,nosuid,nodev,relatime .*mode=700/);
    assert.match(options["/new"] ?? "", /^ro,nosuid,nodev,noexec,relatime .*size=1024k/);
    assert.match(
      (await sh("dd if=/dev/zero of=/run/x bs=1k count=65", "--image", box, "--tmpfs", "/run:size=64k")).stderr,
      /No space left/,
    );
  });

  it("can be written to in a container whose root is read-only", async () => {
    const { stdout, stderr } = await sh(
      "touch /run/x && ls /run; touch /x",
      "--read-only",
      "--tmpfs",
      "/run",
      "--tmpfs",
      "/tmp",
    );
    assert.equal(stdout, "x\n");
    assert.match(stderr, /Read-only file system/);
  });

  it("at /dev/shm has the size of --shm-size", async () => {
    const size = (...options: string[]) => printed("stat -f -c %s:%b /dev/shm", ...options);
    assert.equal(await size(), "4096:16384");
    assert.equal(await size("--shm-size", "1m"), "4096:256");
    assert.equal(await size("--tmpfs", "/dev/shm:size=2m"), "4096:512");
  });
});

/** An image of its own whose root was changed by a shell script. */
let images = 0;
async function imageOf(script: string): Promise<string> {
  const name = `image${images++}`;
  const { code, stderr } = await rig.run(["image", "import", name, join(rig.directory, "rootfs")]);
  assert.equal(code, 0, stderr);
  execFileSync("sh", ["-ec", script], { cwd: join(rig.root, "images", name, "rootfs") });
  return name;
}

/** A device of this machine that no container has; undefined where there is none, as in a container. */
function otherDevice(): string | undefined {
  const own = ["null", "zero", "full", "random", "urandom", "tty", "ptmx"];
  const found = readdirSync("/dev", { withFileTypes: true }).find(
    (entry) => (entry.isCharacterDevice() || entry.isBlockDevice()) && !own.includes(entry.name),
  );
  return found && join("/dev", found.name);
}
