import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { traces } from "../../rig/leaks.ts";
import { busyboxRootfs, digestOf, importBusybox, outcomeOf, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const clean = traces(rig.root, "c1");

describe("bad input", () => {
  const cases: [string, string[], RegExp][] = [
    ["a name that is a path", ["../../etc", "true"], /can't be the name of a container\n {2}use 1 to 64/],
    [
      "an image that does not exist",
      ["--pull", "never", "--image", "none", "c1", "true"],
      /there is no image none; available: host, box\n {2}tinydocker pull none, or tinydocker image import/,
    ],
    [
      "a bind source that does not exist",
      ["-v", "/nosuch:/x", "c1", "true"],
      /the source of the mount \/nosuch:\/x does not exist/,
    ],
    ["a user that the image does not have", ["-u", "nobodyhere", "c1", "true"], /the image has no user nobodyhere\n/],
    ["an unknown option", ["--priviledged", "c1", "true"], /unknown option '--priviledged'\n/],
    ["no command", ["c1"], /there is no command to run\n/],
  ];
  for (const [what, args, words] of cases) {
    it(`is refused with what to do about it: ${what}`, async () => {
      const { code, stdout, stderr } = await rig.run(["run", ...args]);
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, words);
      assert.deepEqual(traces(rig.root, "c1"), clean);
    });
  }

  it("is refused in place of a command", async () => {
    for (const args of [[], ["nosuch"], ["image", "nosuch"]]) assert.equal((await rig.run(args)).code, 125);
    assert.match((await rig.run(["nosuch", "x"])).stderr, /^tinydocker: tinydocker has no command nosuch\n/);
    assert.equal((await rig.run(["--help"])).code, 0);
    assert.match((await rig.run(["run", "--help"])).stdout, /--read-only/);
    assert.match((await rig.run(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
  });
});

describe("a state directory that is a file", () => {
  it("is named, whatever the command was", async () => {
    const env = { TINYDOCKER_ROOT: "/dev/null" };
    for (const args of [["ps"], ["run", "c1", "true"], ["run", "--name", "c1", "box", "true"]]) {
      const { code, stderr } = await rig.run(args, { env });
      assert.equal(code, 125);
      assert.match(stderr, /\/dev\/null[^\n]*: [^\n]*not a directory[^\n]*\n {2}[^\n]*TINYDOCKER_ROOT/);
    }
  });
});

describe("a working directory that was removed", () => {
  const prefix = ["sh", "-c", 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"', join(rig.directory, "removed")];

  it("does not matter where it is not used", async () => {
    for (const args of [["run", "--image", "box", "c1", "pwd"], ["image", "ls", "--json"], ["--help"]]) {
      assert.deepEqual(await rig.run(args, { prefix }), await rig.run(args));
    }
  });

  it("is named where it is", async () => {
    const { code, stderr } = await rig.run(["image", "import", "x", "./x.tar"], { prefix });
    assert.equal(code, 125);
    assert.match(stderr, /the source \.\/x\.tar is relative, and the current directory does not exist any more\n/);
  });
});

describe("standard output", () => {
  it("that can't be written is reported in one line", async () => {
    for (const args of [["image", "ls"], ["image", "ls", "--json"], ["--help"], ["run", "--help"], ["--version"]]) {
      const { code, stderr } = await rig.run(args, { prefix: ["sh", "-c", 'exec "$@" >/dev/full', "sh"] });
      assert.deepEqual(
        [code, stderr],
        [125, "tinydocker: can't write to standard output: ENOSPC, no space left on device\n"],
      );
    }
  });

  it("that nobody reads any more ends the program as SIGPIPE would", async () => {
    const prefix = ["bash", "-c", 'set -o pipefail; "$@" | true', "bash"];
    for (const args of [["--help"], ["completion", "bash"]])
      assert.deepEqual(await rig.run(args, { prefix }), { code: 141, signal: null, stdout: "", stderr: "" });
  });
});

describe("--help", () => {
  it("is taken behind other options of a command about containers", async () => {
    const { code, stdout } = await rig.run(["ps", "-a", "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, /^tinydocker ps\n/);
    assert.match((await rig.run(["ps", "--", "--help"])).stderr, /^tinydocker: unknown argument --help\n/);
    assert.match((await rig.run(["ps", "--nope"])).stderr, /\n {2}tinydocker ps; see tinydocker ps --help\n$/);
  });
});

describe("a machine that lacks something", () => {
  it("gets that reported: a place where the state directory can be made", async () => {
    const env = { TINYDOCKER_ROOT: "/proc/nosuch" };
    const { code, stderr } = await rig.run(["run", "c1", "true"], { env, timeout: 20_000, killSignal: "SIGKILL" });
    assert.equal(code, 125, stderr);
    assert.match(stderr, /can't store the container's state in \/proc\/nosuch: ENOENT/);
  });

  it("gets that reported by the exit code if the message can't be written", async () => {
    const script = 'exec "$@" 2>/dev/full';
    const prefix = ["sh", "-c", script, "sh"];
    assert.equal((await rig.run(["run", "c1", "/nosuch"], { prefix })).code, 127);
    assert.equal((await rig.run(["run", "--explain", "c1", "true"], { prefix })).code, 125);
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  it("gets that reported: the limit of namespaces is reached", async () => {
    const script = 'echo 0 >/proc/sys/user/max_net_namespaces && exec "$@"';
    const prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"];
    const { code, stderr } = await rig.run(["run", "--image", "box", "c1", "true"], { prefix });
    assert.equal(code, 125);
    assert.match(
      stderr,
      /unshare\(CLONE_NEWNET\): ENOSPC, no space left on device\n {2}raise the limits in \/proc\/sys\/user/,
    );
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  const keyctlFails = (error: string) => {
    const inject = ["-e", "trace=keyctl", "-e", `inject=keyctl:error=${error}`];
    return ["strace", "-f", "-qq", "-o", join(rig.directory, "strace"), ...inject];
  };

  for (const [error, message] of [
    ["EDQUOT", /EDQUOT, quota exceeded\n {2}raise \/proc\/sys\/kernel\/keys\/maxkeys/],
    ["EPERM", /keyctl\(KEYCTL_JOIN_SESSION_KEYRING, NULL\): EPERM, operation not permitted/],
  ] as const) {
    it(`gets that reported, and the caller's keys stay out of reach: no new session keyring, ${error}`, async () => {
      const { code, stderr } = await rig.run(["run", "--image", "box", "c1", "true"], { prefix: keyctlFails(error) });
      assert.equal(code, 125);
      assert.match(stderr, message);
      assert.deepEqual(traces(rig.root), clean);
    });
  }

  it("starts the container anyway: a kernel without keyrings", async () => {
    const prefix = keyctlFails("ENOSYS");
    const { code, stderr } = await rig.run(["run", "--image", "box", "--explain", "c1", "true"], { prefix });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /skipped: ENOSYS, [^\n]*: keyctl\(/);
  });

  it("gets that reported: no gcc or make at the first use, which works once they are installed", async () => {
    const fresh = join(rig.directory, "fresh");
    await cp(dirname(rig.program), join(fresh, "dist"), { recursive: true });
    await cp("native", join(fresh, "native"), { recursive: true, filter: (path) => !path.endsWith("native/build") });
    const run = (path: string) =>
      outcomeOf(
        spawn(process.execPath, [join(fresh, "dist/tinydocker.cjs"), "run", "--image", "box", "c1", "echo", "ran"], {
          env: { PATH: path, TINYDOCKER_ROOT: rig.root, TINYDOCKER_NETWORK: "none" },
        }),
      );
    const tools = join(fresh, "tools");
    await mkdir(tools);
    assert.match(
      (await run(tools)).stderr,
      /make, which compiles.*can't be started[^\n]*\n {2}apt-get install gcc make/,
    );
    for (const tool of ["make", "sh", "mkdir", "mv"]) await symlink(`/usr/bin/${tool}`, join(tools, tool));
    const withoutGcc = await run(tools);
    assert.equal(withoutGcc.code, 125);
    assert.match(withoutGcc.stderr, /gcc, which compiles.*is not installed[\s\S]*apt-get install gcc make/);
    assert.equal((await run(process.env["PATH"] ?? "")).stdout, "ran\n");
    // A native part of another version is compiled again.
    const header = join(fresh, "native/plan.h");
    const source = await readFile(header, "utf8");
    await writeFile(header, source.replace("TD_VERSION 1u", "TD_VERSION 2u"));
    execFileSync("make", ["-s", "-C", join(fresh, "native")]);
    await writeFile(header, source);
    assert.equal((await run(process.env["PATH"] ?? "")).stdout, "ran\n");
  });
});

describe("a hostile image", () => {
  /** An image whose root was changed by a shell script. */
  const imageOf = async (name: string, script: string) => {
    const rootfs = await busyboxRootfs(join(rig.directory, `rootfs-${name}`));
    execFileSync("sh", ["-ec", script], { cwd: rootfs });
    await mkdir(join(rig.root, "images", name), { recursive: true });
    await cp(join(rig.root, "images/box/image.json"), join(rig.root, "images", name, "image.json"));
    await rm(join(rig.root, "images", name, "rootfs"), { recursive: true, force: true });
    await symlink(rootfs, join(rig.root, "images", name, "rootfs"));
  };
  const victim = join(rig.directory, "victim");

  for (const name of ["dev", "proc", "sys"]) {
    it(`can't write to the host through a symlink for /${name}`, async () => {
      await mkdir(victim, { recursive: true });
      await writeFile(join(victim, "kept"), "kept");
      const before = await digestOf(victim);
      await imageOf(`bad${name}`, `ln -s ${victim} ${name}`);
      const { code, stderr } = await rig.run(["run", "--image", `bad${name}`, "c1", "true"]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.equal(await digestOf(victim), before);
      assert.deepEqual(traces(rig.root, "c1"), clean);
    });
  }

  it("can't write to the host through symlinks in the path of a mount or of the file with the container's name", async () => {
    await mkdir(victim, { recursive: true });
    const before = await digestOf(victim);
    await imageOf("badlinks", `rm -r etc && ln -s ${victim} etc && ln -s ${victim} mnt && ln -s /proc/self/fd/9 srv`);
    const mounts = ["-v", "/usr/share:/mnt/new/dir", "-v", "/etc/passwd:/mnt/file", "-v", "/usr/bin:/srv/x"];
    const cases = [["-w", "/mnt/w"], mounts.slice(0, 2), mounts.slice(2, 4), mounts.slice(4)];
    const codes = cases.map(async (mount, i) => {
      const { code } = await rig.run(["run", "--image", "badlinks", ...mount, `c${i}`, "true"]);
      return code;
    });
    // What /proc says of an open file is not where the symlink leads, so a path through it is refused.
    assert.deepEqual(await Promise.all(codes), [0, 0, 0, 125]);
    assert.equal((await rig.run(["run", "--image", "badlinks", "c1", "cat", "/etc/hostname"])).stdout, "c1\n");
    assert.equal(await digestOf(victim), before);
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  it("can't have a file of the host read for its users, nor block the start", async () => {
    await writeFile(join(rig.directory, "passwd"), "root:x:0:0::/from-the-host:/bin/sh\n");
    await imageOf("badpasswd", `rm etc/passwd && ln -s ${rig.directory}/passwd etc/passwd`);
    assert.equal((await rig.run(["run", "--image", "badpasswd", "c1", "sh", "-c", "echo $HOME"])).stdout, "/\n");
    await imageOf("fifopasswd", "rm etc/passwd && mkfifo etc/passwd");
    assert.equal((await rig.run(["run", "--image", "fifopasswd", "c1", "sh", "-c", "echo $HOME"])).stdout, "/\n");
  });
});
