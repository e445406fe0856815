import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { after, describe, it, type TestContext } from "node:test";
import { systemCalls } from "../../../runtime/seccomp/system-calls.ts";
import { traces } from "../../rig/leaks.ts";
import { busyboxRootfs, importBusybox, type Outcome, tinydocker } from "../../rig/tinydocker.ts";

/*
 * What other runtimes had to learn, one test for each: those of runc and crun that are about what exists here. Of writes to
 * /proc, see test/native/sysctl.test.ts.
 */

const rig = await tinydocker({ after });
await importBusybox(rig);
const clean = traces(rig.root, "c1");
const pty = join(rig.directory, "pty");
execFileSync("gcc", ["-Wall", "-Wextra", "-Werror", "-o", pty, "test/native/pty.c", "-lutil"]);
const run = (...args: string[]): Promise<Outcome> => rig.run(["run", ...args]);
const sh = (script: string, ...options: string[]) => run("--image", "box", ...options, "c1", "sh", "-c", script);

let images = 0;
/** An image made of busybox and of what `change` does to its root. */
async function imageWith(change: (root: string) => void): Promise<string> {
  const name = `image${++images}`;
  const root = await busyboxRootfs(join(rig.directory, name));
  change(root);
  const { code, stderr } = await rig.run(["image", "import", name, root]);
  assert.equal(code, 0, stderr);
  return name;
}

/** A directory of the host that no container was given. */
function outside(t: TestContext): string {
  const path = join(rig.directory, "outside");
  mkdirSync(path);
  t.after(() => {
    assert.deepEqual(readdirSync(path), []);
    rmSync(path, { recursive: true });
  });
  return path;
}

/** Of a part of the runtime. The process may close other descriptors meanwhile. */
function isCopy(descriptor: string): boolean {
  try {
    return readlinkSync(descriptor).includes("memfd:tinydocker-");
  } catch {
    return false;
  }
}

function overwrite(path: string): void {
  const fd = openSync(path, "r+");
  try {
    writeSync(fd, "#!", 0);
  } finally {
    closeSync(fd);
  }
}

describe("a container", () => {
  it("CVE-2019-5736: reaches no program of the host through /proc/self/exe, and can't write to the runtime's copy", async () => {
    const image = await imageWith((root) => symlinkSync("/proc/self/exe", join(root, "bin/evil")));
    const { code } = await run("--image", image, "c1", "evil");
    assert.notEqual(code, 0);
    const container = rig.spawn(["run", "--image", image, "c1", "sh", "-c", "echo runs; cat"]);
    await once(container.stdout as NodeJS.ReadableStream, "data");
    try {
      const descriptors = `/proc/${container.pid}/fd`;
      const copies = readdirSync(descriptors).filter((fd) => isCopy(join(descriptors, fd)));
      assert.ok(copies.length > 0);
      for (const copy of copies) assert.throws(() => overwrite(join(descriptors, copy)), { code: /^(EPERM|ETXTBSY)$/ });
    } finally {
      container.stdin?.end();
      await once(container, "close");
    }
    assert.equal((await sh("true")).code, 0);
  });

  it("CVE-2024-21626: can't start in a directory of the host that a descriptor leads to", async () => {
    for (let fd = 3; fd < 11; fd++) {
      const { code, stdout } = await sh("pwd; ls", "-w", `/proc/self/fd/${fd}`);
      assert.notEqual(code, 0, `${fd} ${stdout}`);
      assert.equal(stdout, "");
    }
    assert.equal((await sh("ls /proc/self/fd | grep -c . ")).stdout, "4\n", "0, 1, 2, and that of ls");
  });

  it("CVE-2022-36109: does not lose its user's own group by a set-group-ID program, and with it what that is refused", async () => {
    for (const [user, groups] of [
      ["1000:5", "5"],
      ["77", "0"],
    ] as const) {
      const { stdout } = await sh("grep ^Groups: /proc/self/status", "-u", user);
      assert.equal(stdout.trim(), `Groups:\t${groups}`);
    }
  });

  it("CVE-2022-24769, CVE-2022-29162: has no inheritable or ambient capability", async () => {
    for (const options of [[], ["--cap-add", "ALL"], ["-u", "1000", "--cap-add", "NET_ADMIN"], ["--privileged"]]) {
      const { stdout } = await sh("grep -E '^Cap(Inh|Amb):' /proc/self/status", ...options);
      assert.deepEqual(stdout.match(/[0-9a-f]{16}/g), ["0000000000000000", "0000000000000000"]);
    }
  });

  it("CVE-2023-25809: can't write to a cgroup file system", async () => {
    const make = "for d in /sys/fs/cgroup /sys/fs/cgroup/*/; do mkdir $d/x 2>/dev/null && echo made $d; done";
    const { stdout } = await sh(`grep -E ' - cgroup2? ' /proc/self/mountinfo; ${make}`);
    const mounts = stdout.split("\n").filter(Boolean);
    assert.ok(mounts.length > 0);
    for (const line of mounts) assert.match(line, / ro[, ]/);
  });

  it("CVE-2026-30892: runs as the user that was asked for, or not at all", async () => {
    for (const user of ["1000x", "1000:1000:0", "+1000", "0x3e8", "1e3", " 1000", "4294967296", "-1", "no-such"])
      assert.deepEqual([(await sh("id -u", `-u=${user}`)).code, user], [125, user]);
    assert.equal((await sh("id -u; id -g", "-u", "1000:7")).stdout, "1000\n7\n");
  });
});

describe("an image", () => {
  it("CVE-2025-31133: with a link at /dev/null changes neither what masks are made of nor what they mask", async () => {
    const image = await imageWith((root) => {
      mkdirSync(join(root, "dev"));
      symlinkSync("/proc/sys/kernel/core_pattern", join(root, "dev/null"));
    });
    const script =
      "for f in /proc/kcore /proc/keys /proc/timer_list; do stat -c '%F %t %T' $f; done; echo x >/proc/sys/kernel/core_pattern";
    const { stdout, stderr } = await run("--image", image, "c1", "sh", "-c", script);
    assert.deepEqual(new Set(stdout.trim().split("\n")), new Set(["character special file 1 3"]));
    assert.match(stderr, /Read-only file system/);
  });

  it("CVE-2025-52565: with links at /dev/console and /dev/pts does not redirect the console", async (t) => {
    const target = outside(t);
    const image = await imageWith((root) => {
      mkdirSync(join(root, "dev"));
      symlinkSync(`../../..${target}`, join(root, "dev/pts"));
      symlinkSync("/proc/sysrq-trigger", join(root, "dev/console"));
    });
    const script = "stat -c %F /dev/console; stat -c %t $(tty)";
    const { stdout } = await rig.run(["run", "--image", image, "c1", "sh", "-c", script], {
      prefix: [pty, "24", "80", "24", "80"],
    });
    assert.match(stdout, /character special file\s+88\s/);
  });

  it("CVE-2026-41579, CVE-2026-47766: with a link at /dev, /proc or /sys writes nothing to the host", async (t) => {
    const target = outside(t);
    for (const name of ["dev", "proc", "sys"]) {
      for (const link of [`../../../../../..${target}`, "/no/such/directory"]) {
        const image = await imageWith((root) => symlinkSync(link, join(root, name)));
        const { code, stderr } = await run("--image", image, "c1", "true");
        assert.ok(code === 0 || code === 125, stderr);
      }
    }
    assert.deepEqual(traces(rig.root, "c1").mounts, clean.mounts);
  });
});

describe("a mount point", () => {
  it("CVE-2021-30465, CVE-2024-45310: that another process exchanges with a link stays inside the container", async (t) => {
    const target = outside(t);
    const volume = join(rig.directory, "volume");
    mkdirSync(join(volume, "a"), { recursive: true });
    symlinkSync(target, join(volume, "b"));
    writeFileSync(join(rig.directory, "file"), "");
    const number = systemCalls(process.arch === "arm64" ? "aarch64" : "x86_64").get("renameat2");
    const [AT_FDCWD, RENAME_EXCHANGE] = [-100, 2];
    const exchange = `syscall(${number}, ${AT_FDCWD}, $a, ${AT_FDCWD}, $b, ${RENAME_EXCHANGE}) for 1..1000;`;
    const program = `($a, $b) = ("a", "b"); $| = 1; while (1) { ${exchange} print "x\\n" }`;
    const racer = spawn("perl", ["-e", program], { cwd: volume, stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => racer.kill("SIGKILL"));
    await once(racer.stdout, "data");
    racer.stdout.resume();
    for (let attempt = 0; attempt < 12; attempt++) {
      const mounts = [
        "-v",
        `${volume}:/v`,
        "-v",
        `${rig.directory}/file:/v/a/made/file`,
        "-v",
        `${volume}:/v/a/directory`,
      ];
      const { code, stderr } = await run("--image", "box", ...mounts, "c1", "true");
      assert.ok(code === 0 || code === 125, stderr);
      assert.deepEqual(readdirSync(target), []);
    }
    assert.deepEqual(traces(rig.root, "c1").state, clean.state);
  });
});
