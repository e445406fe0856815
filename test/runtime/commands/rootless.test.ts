import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { traces } from "../../rig/leaks.ts";
import { busyboxRootfs, type Outcome, tinydocker } from "../../rig/tinydocker.ts";

/** An unused id: neither in /etc/passwd nor the owner of anything on the machine. */
const UID = 54_321;

const rig = await tinydocker({ after });
const home = join(rig.directory, "home");
mkdirSync(home);
chownSync(home, UID, UID);
chmodSync(home, 0o700);
const root = join(home, ".local/share/tinydocker");
const asUser = ["setpriv", "--reuid", String(UID), "--regid", String(UID), "--clear-groups", "--"];
const run = (args: readonly string[], prefix: readonly string[] = []): Promise<Outcome> =>
  rig.run(args, { prefix: [...prefix, ...asUser], env: { HOME: home, TINYDOCKER_ROOT: "", XDG_DATA_HOME: "" } });
const sh = (script: string, ...options: string[]) => run(["run", ...options, "c1", "sh", "-c", script]);

await busyboxRootfs(join(home, "rootfs"));
const imported = await run(["image", "import", "box", join(home, "rootfs")]);
const clean = traces(root, "c1");

describe("without root", () => {
  it("stores its state in the user's own data directory, and leaves nothing there", async () => {
    assert.equal(imported.code, 0, imported.stderr);
    const { code, stdout, stderr } = await sh(
      "echo ran; mkdir -m 0 /none; mkdir -p /a/b; chmod 0 /a",
      "--image",
      "box",
    );
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "ran\n", stderr: "" });
    assert.deepEqual(traces(root, "c1"), clean);
    assert.equal(clean.state.length, 0);
  });

  it("executes commands in a container, as root in it and with what it may do", async () => {
    const child = rig.spawn(["run", "--image", "box", "c1", "sh", "-c", "grep CapEff /proc/self/status; exec cat"], {
      prefix: asUser,
      env: { HOME: home, TINYDOCKER_ROOT: "", XDG_DATA_HOME: "" },
    });
    const [capabilities] = await once(child.stdout as NodeJS.ReadableStream, "data");
    const script = "grep CapEff /proc/self/status; id -u; readlink /proc/self/ns/user; readlink /proc/1/ns/user";
    const { code, stdout, stderr } = await run(["exec", "c1", "sh", "-c", script]);
    const [held, uid, ...namespaces] = stdout.trimEnd().split("\n");
    assert.deepEqual([code, `${held}\n`, uid, new Set(namespaces).size], [0, String(capabilities), "0", 1], stderr);
    child.stdin?.end();
    await once(child, "close");
  });

  it("makes an image of a container whose processes run on, and says how where they are to be stopped", async () => {
    await run(["run", "-d", "--image", "box", "c1", "sleep", "1000"]);
    const refused = await run(["commit", "c1", "made"]);
    assert.deepEqual([refused.code, /\n {2}tinydocker commit --pause=false c1 /.test(refused.stderr)], [125, true]);
    const { code, stderr } = await run(["commit", "--pause=false", "c1", "made"]);
    assert.deepEqual([code, stderr], [0, ""]);
    await run(["rm", "-f", "c1"]);
    await run(["rmi", "made"]);
  });

  it("removes what nothing uses, although only root has networks", async () => {
    for (const words of [
      ["network", "prune"],
      ["system", "prune", "-a", "--volumes"],
    ])
      assert.deepEqual([words, (await run(words)).stderr], [words, ""]);
  });

  it("is root in a container, with docker's capabilities, and no one else", async () => {
    const { stdout } = await sh(
      "id -u; cat /proc/self/uid_map /proc/self/setgroups; grep CapEff /proc/self/status; touch /x",
      "--image",
      "box",
    );
    assert.deepEqual(stdout.trimEnd().split(/\s+/), [
      "0",
      "0",
      String(UID),
      "1",
      "deny",
      "CapEff:",
      "00000000a80425fb",
    ]);
    const other = await sh("true", "-u", "1000");
    assert.equal(other.code, 125);
    assert.match(other.stderr, /there is no user 1000 in the container/);
  });

  it("writes to the root of a container on the machine's own root, and not to the machine's", async () => {
    const { code, stdout, stderr } = await sh(
      "touch /new /usr/new /etc/new && cat /etc/hostname && ls -d /proc/1 /bin/sh && ls -A /tmp | wc -l && echo $HOME && touch ~/x",
    );
    assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "c1\n/bin/sh\n/proc/1\n0\n/root\n", stderr: "" });
    assert.deepEqual(traces(root, "c1"), clean);
  });

  it("shows and lets change what lies beside a mount of the machine, and the mount itself", async () => {
    const mounts = [
      "mount --bind /etc/hostname /etc/hosts",
      "mount -t tmpfs -o mode=755 lxcfs /var/lib/misc",
      "echo inside >/var/lib/misc/below",
      "mount --bind /etc/hostname /usr/bin/yes",
    ];
    const prefix = ["unshare", "--mount", "sh", "-ec", `${mounts.join(" && ")}; exec "$@"`, "sh"];
    const script = [
      "cat /var/lib/misc/below; grep -c ^root: /etc/passwd; stat -c %a /etc/passwd",
      "touch /etc/new /var/lib/misc/new /usr/lib/new && rm /etc/passwd && mv /etc/group /etc/g && echo changed",
      // Too many files to copy.
      "test -x /usr/bin/env && touch /usr/bin/new",
    ].join("; ");
    const { code, stdout, stderr } = await run(["run", "c1", "sh", "-c", script], prefix);
    assert.deepEqual([code, stdout], [1, "inside\n1\n644\nchanged\n"], stderr);
    assert.match(stderr, /\/usr\/bin\/new.*Read-only file system/);
    assert.deepEqual(traces(root, "c1"), clean);
  });

  it("has its own devices, loopback interface and devpts", async () => {
    const script =
      "echo x >/dev/null && head -c 3 /dev/zero | wc -c && ls /dev/pts/ptmx && cat /sys/class/net/lo/flags; hostname";
    assert.equal((await sh(script)).stdout, "3\n/dev/pts/ptmx\n0x9\nc1\n");
  });

  it("sees neither its own layers nor those of its other containers", async () => {
    const { code, stdout } = await run(["run", "c1", "ls", "-A", root]);
    assert.deepEqual([code, stdout], [0, ""]);
  });

  it("shows the user's own files with -v", async () => {
    writeFileSync(join(home, "mine"), "mine\n");
    assert.equal((await sh("cat /mnt/mine", "--image", "box", "-v", `${home}:/mnt:ro`)).stdout, "mine\n");
  });

  it("keeps the whole root unchanged with --read-only, also on the machine's own root, and what was asked for writable", async () => {
    const parts =
      "for d in / /usr /etc /var /usr/lib /tmp /run; do touch $d/x 2>/dev/null && echo $d; done; touch /dev/shm/x";
    assert.equal((await sh(parts, "--read-only")).stdout, "");
    assert.equal((await sh(parts, "--read-only", "--tmpfs", "/run", "-v", `${home}:/etc`)).stdout, "/etc\n/run\n");
    rmSync(join(home, "x"));
  });

  it("mounts where the image's symlinks lead, and leaves them", async () => {
    const rootfs = join(root, "images/box/rootfs");
    symlinkSync("../run/systemd/stub.conf", join(rootfs, "etc/resolv.conf"));
    writeFileSync(join(home, "rc"), "rc\n");
    const { stdout } = await sh(
      "cat /etc/resolv.conf; readlink /etc/resolv.conf",
      "--image",
      "box",
      "-v",
      `${home}/rc:/etc/resolv.conf:ro`,
    );
    assert.equal(stdout, "rc\n../run/systemd/stub.conf\n");
  });

  it("reports what to allow when the kernel refuses user namespaces", async () => {
    // A new user namespace's limit is its own, and 0 keeps it from making another.
    const script = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"';
    const limited = ["unshare", "--user", "--map-user=1", "--keep-caps", "sh", "-c", script, "sh"];
    const { code, stderr } = await rig.run(["run", "c1", "true"], {
      prefix: [...asUser, ...limited],
      env: { HOME: home, TINYDOCKER_ROOT: root },
    });
    assert.equal(code, 125);
    assert.match(stderr, /^tinydocker: .*user namespaces/s);
  });
});
