import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";
import { userNamespaceRemedy } from "../../../runtime/container/failure/user-namespace-remedy.ts";
import { traces } from "../../rig/leaks.ts";
import { busyboxRootfs, importBusybox, type Outcome, tinydocker } from "../../rig/tinydocker.ts";

/** An unused id: neither in /etc/passwd nor the owner of anything on the machine. */
const UID = 54_322;

const rig = await tinydocker({ after });
await importBusybox(rig);
const clean = traces(rig.root, "c1");
const accounts = join(rig.directory, "accounts");
const home = join(rig.directory, "home");
for (const directory of [accounts, home]) mkdirSync(directory);
chownSync(home, UID, UID);
await busyboxRootfs(join(home, "rootfs"));

const asUser = ["unshare", "--mount", "sh", resolve("test/rig/accounts.sh"), accounts, String(UID)];
const inChroot = ["unshare", "--mount", "sh", resolve("test/rig/chroot.sh"), join(rig.directory, "chroot")];
const loneRoot = ["unshare", "--user", "--map-root-user", "--mount"];
const manyIds = ["unshare", "--user", "--map-auto", "--map-root-user", "--mount"];
const userHome = { HOME: home, TINYDOCKER_ROOT: "", XDG_DATA_HOME: "" };

/** What a package manager does, and what overlayfs can refuse. */
const CHANGES =
  "rm /etc/script && mv /bin/env /env && mkdir /d && rm -r /d && mv /bin /b && PATH=/b && ls /etc/script /bin 2>/dev/null; echo made";

describe("root of a user namespace with one user", () => {
  const run = (prefix: readonly string[], env: NodeJS.ProcessEnv, ...args: string[]): Promise<Outcome> =>
    rig.run(["run", ...args], { prefix, env });

  it("can change its containers' files, and has terminals", async () => {
    const { code, stdout, stderr } = await run(
      loneRoot,
      {},
      "--image",
      "box",
      "c1",
      "sh",
      "-c",
      `ls /dev/pts; ${CHANGES}`,
    );
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "ptmx\nmade\n", stderr: "" });
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  it("can run containers on the machine's own root", async () => {
    const script =
      "cat /etc/hostname && touch /usr/new /etc/new && rm /etc/passwd && mv /etc/group /etc/g && cat /proc/self/setgroups";
    assert.equal((await run(loneRoot, {}, "c1", "sh", "-c", script)).stdout, "c1\ndeny\n");
  });

  it("can do so where a name that is not UTF-8 is beside a mount", async () => {
    const mounts =
      'mount -t tmpfs t /mnt && mkdir /mnt/m && mount -t tmpfs t /mnt/m && touch "/mnt/$(printf "n\\377")"';
    const prefix = [...loneRoot, "sh", "-c", `${mounts} && exec "$@"`, "sh"];
    const { stdout, stderr } = await run(prefix, {}, "c1", "ls", "/mnt");
    assert.deepEqual([stdout, stderr], ["m\nn\ufffd\n", ""]);
  });

  it("has its containers in the home directory of the user that it is on the machine", async () => {
    const prefix = [...asUser, ...loneRoot];
    const imported = await rig.run(["image", "import", "mine", join(home, "rootfs")], { prefix, env: userHome });
    assert.equal(imported.code, 0, imported.stderr);
    assert.equal((await run(prefix, userHome, "--image", "mine", "c1", "sh", "-c", CHANGES)).stdout, "made\n");
    assert.equal((await rig.run(["image", "rm", "mine"], { prefix, env: userHome })).code, 0);
  });

  it("can run privileged ones, with the devices that every container has", async () => {
    const script = "echo x >/dev/null && ls /dev/zero && grep CapEff /proc/self/status";
    const { code, stdout, stderr } = await run(
      loneRoot,
      {},
      "--privileged",
      "--image",
      "box",
      "c1",
      "sh",
      "-c",
      script,
    );
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^\/dev\/zero\nCapEff:\t000001f\w+\n$/);
  });

  it("is told that there are no other users", async () => {
    const { code, stderr } = await run(loneRoot, {}, "--image", "box", "-u", "ann", "c1", "true");
    assert.equal(code, 125);
    assert.match(stderr, /there is no user 1000 in the container: its user namespace has only some/);
  });
});

describe("a user with subordinate ids", () => {
  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}, prefix: readonly string[] = []) =>
    rig.run(args, { prefix: [...asUser, ...prefix], env: { ...userHome, ...env } });
  const state = join(home, ".local/share/tinydocker");
  const left = () => traces(state, "c1").state;

  it("has containers with users of their own, and leaves nothing that those owned", async () => {
    const imported = await run(["image", "import", "own", join(home, "rootfs")]);
    assert.equal(imported.code, 0, imported.stderr);
    const script =
      "mkdir -p /o/e/f && chown -R 5:6 /o && chmod 700 /o /o/e && stat -c %u:%g /o; cat /proc/self/setgroups; grep CapEff /proc/self/status";
    const { code, stdout, stderr } = await run(["run", "--image", "own", "c1", "sh", "-c", `${script}; ${CHANGES}`]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.deepEqual(stdout.trim().split(/\s+/), ["5:6", "allow", "CapEff:", "00000000a80425fb", "made"]);
    assert.deepEqual(left(), []);
    assert.equal((await run(["run", "--image", "own", "-u", "ann", "c1", "id", "-G"])).stdout, "1001 10\n");
  });

  it("gets archives and images of a container with the owners that this has, not those of the machine", async () => {
    await run(["run", "-d", "--image", "own", "--network", "none", "c1", "sleep", "1000"]);
    await run(["exec", "c1", "sh", "-c", "mkdir /o && touch /o/f && chown -R 5:6 /o"]);
    const listed = ["sh", "-c", '"$@" | tar -tv --numeric-owner', "sh"];
    const owners = (members: string) =>
      members.match(/ (\S+) .* (?=(?:bin\/|o\/f|o\/)$)/gm)?.map((line) => line.split(" ")[1]);
    assert.deepEqual(owners((await run(["export", "c1"], {}, listed)).stdout), ["0/0", "5/6", "5/6"]);
    assert.deepEqual(owners((await run(["cp", "c1:/o", "-"], {}, listed)).stdout), ["5/6", "5/6"]);
    const committed = await run(["commit", "--pause=false", "c1", "made:1"]);
    assert.equal(committed.code, 0, committed.stderr);
    await run(["save", "-o", join(home, "saved.tar"), "made:1"]);
    const part = (path: string) => execFileSync("tar", ["-xOf", join(home, "saved.tar"), path]);
    const [{ Layers }] = JSON.parse(String(part("manifest.json")));
    const layer = execFileSync("tar", ["-tzv", "--numeric-owner"], { input: part(Layers.at(-1)), encoding: "utf8" });
    assert.deepEqual(owners(layer), ["5/6", "5/6"]);
    await run(["rm", "-f", "c1"]);
    await run(["rmi", "made:1"]);
    assert.deepEqual(left(), []);
  });

  it("has its own files open to a user of the container, also one with the caller's number, as /dev/stdout", async () => {
    const words = '"$@" >~/out 2>&1; cat ~/out; rm ~/out';
    for (const user of ["1", String(UID)]) {
      const command = ["run", "--image", "own", "-u", user, "c1", "sh", "-c", "echo out >/dev/stdout"];
      assert.equal((await run(command, {}, ["sh", "-c", words, "sh"])).stdout, "out\n");
    }
  });

  it("is told which owner a tmpfs can't have", async () => {
    const { code, stderr } = await run(["run", "--image", "own", "--tmpfs", "/t:uid=5,gid=70000", "c1", "true"]);
    assert.equal(code, 125);
    assert.match(stderr, /can't mount a tmpfs with gid=70000 on \/t: the container's user namespace has no such id\n/);
  });

  it("can run what changes users and groups, as apt does", async () => {
    const command = ["setpriv", "--reuid", "42", "--regid", "65534", "--groups", "7,8", "sh", "-c", "id -u; id -G"];
    assert.equal((await run(["run", "c1", ...command])).stdout, "42\n65534 7 8\n");
  });

  it("has what a killed run left removed by the next one, whoever owned it", async () => {
    const script = "mkdir -p /d/e && chown -R 5:6 /d && chmod 700 /d; echo ready; exec sleep 1000";
    const killed = 'mkfifo ~/ready; "$@" >~/ready & pid=$!; read line <~/ready; kill -9 $pid; wait $pid';
    await run(["run", "--image", "own", "c1", "sh", "-c", script], {}, ["sh", "-c", killed, "sh"]);
    assert.notDeepEqual(left(), []);
    assert.equal((await run(["run", "--image", "own", "c1", "echo", "again"])).stdout, "again\n");
    assert.deepEqual(left(), []);
  });

  it("is told why newuidmap refuses", async () => {
    const tools = join(rig.directory, "tools");
    mkdirSync(tools);
    writeFileSync(
      join(tools, "newuidmap"),
      "#!/bin/sh\necho 'newuidmap: uid range [1-2) -> [3-4) not allowed' >&2; exit 1\n",
      { mode: 0o755 },
    );
    const { code, stderr } = await run(["run", "c1", "true"], { PATH: `${tools}:${process.env["PATH"]}` });
    assert.equal(code, 125);
    assert.match(
      stderr,
      /newuidmap can't give the container its users: newuidmap: uid range [^\n]* not allowed\n {2}check your lines/,
    );
    assert.deepEqual(left(), []);
  });

  it("has containers with one user where newuidmap is not installed, or setuid programs gain nothing", async () => {
    const without = await run(["run", "c1", "cat", "/proc/self/uid_map"], {}, ["env", `PATH=${rig.directory}`]);
    assert.deepEqual(without.stdout.trim().split(/\s+/), ["0", String(UID), "1"]);
    const noNewPrivileges = await run(["run", "c1", "cat", "/proc/self/uid_map"], {}, [
      "setpriv",
      "--no-new-privs",
      "--",
    ]);
    assert.deepEqual(noNewPrivileges.stdout.trim().split(/\s+/), ["0", String(UID), "1"]);
  });
});

describe("root of a user namespace with many users", () => {
  it("can run containers as any of them, and change owners", async () => {
    const prefix = [...asUser, ...manyIds];
    const imported = await rig.run(["image", "import", "many", join(home, "rootfs")], { prefix, env: userHome });
    assert.equal(imported.code, 0, imported.stderr);
    const run = (...args: string[]) => rig.run(["run", "--image", "many", ...args], { prefix, env: userHome });
    const { stdout, stderr } = await run(
      "c1",
      "sh",
      "-c",
      `touch /f && chown 5:6 /f && stat -c %u:%g /f && ${CHANGES}`,
    );
    assert.deepEqual([stdout, stderr], ["5:6\nmade\n", ""]);
    assert.equal((await run("-u", "ann", "c1", "id", "-G")).stdout, "1001 10\n");
    assert.equal((await run("c1", "stat", "-c", "%g", "/dev/pts/ptmx")).code, 0);
  });
});

describe("root without CAP_SYS_ADMIN", () => {
  const prefix = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", "--"];

  it("gets containers in a user namespace of their own", async () => {
    const run = (...args: string[]) => rig.run(["run", ...args], { prefix });
    const box = await run("--image", "box", "c1", "sh", "-c", `cat /proc/self/uid_map; ${CHANGES}`);
    assert.deepEqual(box.stdout.trim().split(/\s+/), ["0", "0", "1", "made"]);
    assert.equal((await run("c1", "sh", "-c", "touch /etc/new && cat /etc/hostname")).stdout, "c1\n");
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });
});

describe("in a chroot", () => {
  const script =
    "cat /etc/hostname; ls -A /..; cut -d' ' -f5 /proc/self/mountinfo | grep -vE '^/(dev|proc|sys|etc)(/|$)'";

  it("root's containers have a root of their own, and no way out of it", async () => {
    for (const prefix of [inChroot, [...inChroot.slice(0, -1), rig.directory]]) {
      const { code, stdout, stderr } = await rig.run(["run", "--image", "box", "c1", "sh", "-c", script], { prefix });
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "c1\nbin\ndev\netc\nproc\nsys\n/\n", stderr: "" });
    }
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  it("others are told that the kernel allows them none", async () => {
    const prefix = [...inChroot, "setpriv", "--reuid", String(UID), "--clear-groups", "--"];
    const { code, stderr } = await rig.run(["run", "c1", "true"], { prefix, env: userHome });
    assert.equal(code, 125);
    assert.match(stderr, /EPERM, operation not permitted\n {2}in a chroot only root can start containers/);
  });
});

describe("inside a container", () => {
  const inner = ["--tmpfs", "/run", "-e", "TINYDOCKER_ROOT=/run/inner", "-e", "TINYDOCKER_NETWORK=none"];
  const nested = (options: string[], ...args: string[]): Promise<Outcome> =>
    rig.run(["run", ...inner, ...options, "outer", process.execPath, rig.program, "run", ...args]);
  const seccomp = ["--security-opt", "seccomp=unconfined"];
  const script = "cat /etc/hostname; touch /usr/new; rm /usr/bin/env; echo made";

  it("with docker's rules for system calls, it is said how to start that", async () => {
    const { code, stderr } = await nested([], "c1", "true");
    assert.equal(code, 125);
    assert.match(stderr, /ENOSYS[^\n]*\n[^\n]*start the outer container with --security-opt seccomp=unconfined/);
  });

  it("whose /proc is masked, it is said how to start that", async () => {
    const { code, stderr } = await nested(seccomp, "c1", "true");
    assert.equal(code, 125);
    assert.match(
      stderr,
      /"proc"[^\n]*EPERM[^\n]*\n[^\n]*start the outer container with --security-opt systempaths=unconfined/,
    );
  });

  it("without both, containers start in a user namespace", async () => {
    const { stdout, stderr } = await nested(
      [...seccomp, "--security-opt", "systempaths=unconfined"],
      "c1",
      "sh",
      "-c",
      script,
    );
    assert.deepEqual([stdout, stderr], ["c1\nmade\n", ""]);
  });

  it("whose root has CAP_SYS_ADMIN, containers start without one", async () => {
    const { stdout, stderr } = await nested(
      [...seccomp, "--cap-add", "SYS_ADMIN"],
      "c1",
      "sh",
      "-c",
      `${script}; head -1 /proc/self/uid_map`,
    );
    assert.deepEqual(stdout.trim().split(/\s+/), ["c1", "made", "0", "0", "4294967295"]);
    assert.equal(stderr, "");
  });
});

describe("where user namespaces are refused", () => {
  const none = {
    isInChroot: false,
    isUnmapped: false,
    profile: undefined,
    onlyProfiled: false,
    onlyRoot: false,
    noneAllowed: false,
  };
  const cases = [
    [
      { ...none, onlyProfiled: true },
      /AppArmor restricts.*`abi <abi\/4\.0>, profile node ".*" .*kernel\.apparmor_restrict_unprivileged_userns=0/,
    ],
    [
      { ...none, onlyProfiled: true, profile: "docker-default" },
      /profile docker-default .*`.*userns, .*apparmor=unconfined/,
    ],
    [{ ...none, onlyRoot: true }, /kernel\.unprivileged_userns_clone=1/],
    [{ ...none, noneAllowed: true }, /user\.max_user_namespaces=/],
    [{ ...none, isInChroot: true, onlyProfiled: true }, /in a chroot only root/],
    [{ ...none, isUnmapped: true }, /does not exist in this user namespace: map both/],
    [none, /a seccomp filter or a security module/],
  ] as const;
  it("it is said what to do, by what is true here: a user namespace without users", async () => {
    const { code, stderr } = await rig.run(["run", "c1", "true"], {
      prefix: [...asUser, "unshare", "--user"],
      env: userHome,
    });
    assert.equal(code, 125);
    assert.match(stderr, /EPERM[^\n]*\n {2}your user or group does not exist in this user namespace/);
  });

  it("it is said what to do, by what is true here: a user namespace without groups", async () => {
    const { code, stderr } = await rig.run(["run", "c1", "true"], {
      prefix: [...asUser, "unshare", "--user", `--map-user=${UID}`],
      env: userHome,
    });
    assert.equal(code, 125);
    assert.match(stderr, /EPERM[^\n]*\n {2}your user or group does not exist in this user namespace/);
  });

  for (const [restrictions, words] of cases) {
    it(`it is said what to do: ${JSON.stringify(restrictions)}`, () => {
      assert.match(userNamespaceRemedy(restrictions), words);
    });
  }
});
