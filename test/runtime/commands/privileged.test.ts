import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { needs } from "../../rig/host.ts";
import { traces } from "../../rig/leaks.ts";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
/** Nodes that a machine in a container does not have: the kernel's log, and a block device, alone in a directory. */
const kmsg = join(rig.directory, "kmsg");
execFileSync("mknod", [kmsg, "c", "1", "11"]);
const disks = join(rig.directory, "disks");
mkdirSync(disks);
execFileSync("mknod", [join(disks, "loop0"), "b", "7", "0"]);
const clean = traces(rig.root, "c1");
const sh = (script: string, ...options: string[]) =>
  rig.run(["run", "--image", "box", ...options, "c1", "sh", "-c", script]);
const printed = async (script: string, ...options: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sh(script, ...options);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout.trimEnd();
};

describe("tinydocker run --device", () => {
  it("gives a device of the host, also at another path, and no other", async () => {
    assert.equal(
      await printed("dd if=/other/zero bs=7 count=1 2>/dev/null | wc -c", "--device", "/dev/zero:/other/zero"),
      "7",
    );
    const listed = await printed("ls /dev", "--device", `${kmsg}:/dev/kmsg`);
    assert.ok(listed.split("\n").includes("kmsg"));
    assert.ok(!(await printed("ls /dev")).split("\n").includes("kmsg"));
  });

  it("gives block devices, and devices that a link leads to", async () => {
    const link = join(rig.directory, "disk");
    symlinkSync("disks/loop0", link);
    assert.equal(await printed("stat -c %F /dev/disk", "--device", `${link}:/dev/disk`), "block special file");
  });

  it("lets a device be used for what was asked for only", async (context) => {
    if (!needs(context, existsSync("/dev/fuse") ? undefined : "/dev/fuse")) return;
    const script = "(: </dev/fuse) 2>/dev/null && echo read; (: >/dev/fuse) 2>/dev/null && echo written; true";
    assert.equal(await printed(script, "--device", "/dev/fuse"), "read\nwritten");
    assert.equal(await printed(script, "--device", "/dev/fuse:r"), "read");
    assert.equal(await printed(script, "--device", "/dev/fuse:/dev/fuse:w"), "written");
    assert.equal(await printed(script, "--device", "/dev/fuse:m"), "");
  });

  it("gives all devices of a directory", async () => {
    execFileSync("mknod", [join(disks, "loop1"), "b", "7", "1"]);
    assert.equal(await printed("ls /dev/disks", "--device", `${disks}:/dev/disks`), "loop0\nloop1");
  });

  it("does not let the container change the device's owner and mode, which are the host's", async () => {
    const { code, stderr } = await sh("chmod 777 /dev/kmsg", "--device", `${kmsg}:/dev/kmsg`);
    assert.equal(code, 1);
    assert.match(stderr, /Read-only file system/);
  });

  for (const [device, message] of [
    ["/dev/nosuch", /can't add the device \/dev\/nosuch: ENOENT, no such file or directory/],
    ["/etc/passwd", /can't add the device \/etc\/passwd: it is not a device/],
    ["/etc/passwd/x", /can't add the device \/etc\/passwd\/x: ENOTDIR/],
    ["/proc/self:/x", /can't add the device \/proc\/self: it is not a device/],
    ["/proc/self", /can't add the device "\/proc\/self": a container's own \/proc has no room for it/],
    ["/etc", /can't add the device \/etc: it is not a device/],
    ["/dev/zero:rr", /rwm is some of r, w and m, each once/],
    ["zero", /"zero" is not an absolute path/],
  ] as const) {
    it(`${device} is refused`, async () => {
      const { code, stdout, stderr } = await sh("echo ran", "--device", device);
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, message);
      assert.deepEqual(traces(rig.root, "c1"), clean);
    });
  }
});

it("refuses more devices than a plan has room for", async () => {
  const devices = Array.from({ length: 65 }, (_, i) => ["--device", `/dev/zero:/dev/z${i}`]).flat();
  const { code, stderr } = await sh("echo ran", ...devices);
  assert.equal(code, 125);
  assert.match(stderr, /at most 64 devices by --device, not 65/);
  assert.equal((await sh("ls /dev | grep -c ^z", ...devices.slice(2))).stdout, "65\n");
});

describe("tinydocker run --privileged", () => {
  it("has all capabilities of this machine and its devices, and neither filter nor masks", async () => {
    const held = /^CapBnd:\t(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    const status = "grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status";
    assert.equal(await printed(status, "--privileged"), `CapEff:\t${held}\nNoNewPrivs:\t0\nSeccomp:\t0`);
    const listed = (await printed("ls /dev", "--privileged")).split("\n");
    const devices = readdirSync("/dev", { withFileTypes: true }).filter(
      (entry) => entry.isBlockDevice() || entry.isCharacterDevice(),
    );
    for (const { name } of devices.filter(({ name }) => name !== "console")) assert.ok(listed.includes(name), name);
    assert.equal(
      await printed("mount -t tmpfs t /etc && mknod /dev/n c 1 3 && echo x >/dev/n && echo works", "--privileged"),
      "works",
    );
    assert.equal(await printed("grep -cE ' /proc/' /proc/self/mountinfo || true", "--privileged"), "0");
  });

  it("makes no node on the host, also where the host's /dev is mounted", async () => {
    const before = readdirSync("/dev").length;
    assert.equal(await printed("echo x >/dev/null && echo works", "--privileged", "-v", "/dev:/dev"), "works");
    assert.equal(readdirSync("/dev").length, before);
  });

  it("keeps what is asked for all the same", async () => {
    const options = [
      "--privileged",
      "--cap-drop",
      "SYS_ADMIN",
      "--security-opt",
      "seccomp=builtin",
      "--security-opt",
      "no-new-privileges",
    ];
    assert.equal(
      await printed("grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status", ...options),
      "NoNewPrivs:\t1\nSeccomp:\t2",
    );
    assert.equal((await sh("mount -t tmpfs t /etc", ...options)).code, 1);
  });
});

describe("tinydocker run --sysctl", () => {
  it("sets the container's own, and not the machine's", async () => {
    const names = ["/proc/sys/net/core/somaxconn", "/proc/sys/kernel/msgmax"];
    const before = names.map((name) => readFileSync(name, "utf8"));
    const options = ["--sysctl", "net.core.somaxconn=77", "--sysctl=kernel/msgmax=9000"];
    assert.equal(await printed(`cat ${names.join(" ")}`, ...options), "77\n9000");
    assert.deepEqual(
      names.map((name) => readFileSync(name, "utf8")),
      before,
    );
  });

  for (const [setting, message] of [
    ["net.nosuch.x=1", /ENOENT.*\n {2}this kernel has no such setting/],
    ["net.core.somaxconn=many", /EINVAL.*\n {2}the kernel refuses this value/],
    ["kernel.panic=1", /"kernel.panic=1": it is a setting of the whole machine/],
    ["net.core.somaxconn", /it is not NAME=VALUE/],
  ] as const) {
    it(`${setting} is refused`, async () => {
      const { code, stdout, stderr } = await sh("echo ran", "--sysctl", setting);
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, message);
      assert.deepEqual(traces(rig.root, "c1"), clean);
    });
  }
});
