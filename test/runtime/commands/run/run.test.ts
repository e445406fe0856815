import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { traces } from "../../../rig/leaks.ts";
import { digestOf, importBusybox, type Outcome, outcomeOf, tinydocker } from "../../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const clean = traces(rig.root, "c1", "hello1", "hello2");
/** Runs a shell script in a container of the image. */
const sh = (script: string, ...options: string[]): Promise<Outcome> =>
  rig.run(["run", "--image", "box", ...options, "c1", "sh", "-c", script]);
const printed = async (script: string, ...options: string[]): Promise<string> => {
  const { code, stdout, stderr } = await sh(script, ...options);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  return stdout.trimEnd();
};

describe("tinydocker run", () => {
  it("shows what one container writes neither to another of the same image nor to the image", async () => {
    const image = join(rig.root, "images/box/rootfs");
    const before = await digestOf(image);
    const one = rig.spawn(["run", "--image", "box", "hello1", "sh"]);
    const two = rig.spawn(["run", "--image", "box", "hello2", "sh"]);
    one.stdin?.write("mkdir /test && rm /bin/id && echo made\n");
    await once(one.stdout as NodeJS.ReadableStream, "data");
    const seen = outcomeOf(two, "ls -d /test /bin/id; echo done\n");
    assert.equal((await seen).stdout, "/bin/id\ndone\n");
    assert.deepEqual(await outcomeOf(one, "ls -d /test\n"), { code: 0, signal: null, stdout: "/test\n", stderr: "" });
    assert.equal(await digestOf(image), before);
    assert.deepEqual(traces(rig.root, "c1", "hello1", "hello2"), clean);
  });

  it("runs on the machine's own root, and leaves it unchanged", async () => {
    const { code, stdout } = await rig.run(["run", "c1", "sh", "-c", `echo x >${rig.directory}/seen && ls / && id -u`]);
    assert.equal(code, 0);
    const expected = readdirSync("/").filter((name) => !name.startsWith("."));
    assert.deepEqual(
      stdout
        .split("\n")
        .filter((line) => expected.includes(line))
        .sort(),
      expected.sort(),
    );
    assert.ok(!existsSync(join(rig.directory, "seen")));
  });

  it("hides the layers of other containers from one on the machine's own root", async () => {
    const { code, stdout } = await rig.run(["run", "c1", "ls", "-A", rig.root]);
    assert.deepEqual([code, stdout], [0, ""]);
  });

  it("passes standard input and output through unchanged", async () => {
    const piped = await rig.run(["run", "hello1", "/bin/sh"], { input: "echo $((6*7))" });
    assert.deepEqual(piped, { code: 0, signal: null, stdout: "42\n", stderr: "" });
    const bytes = "\u0000\u0001é\r\n".repeat(50_000);
    assert.equal((await rig.run(["run", "--image", "box", "c1", "cat"], { input: bytes })).stdout, bytes);
  });

  it("starts each container in its own namespaces", async () => {
    const kinds = ["mnt", "uts", "ipc", "pid", "net", "cgroup"];
    const inside = (await printed(`for n in ${kinds.join(" ")}; do readlink /proc/self/ns/$n; done`)).split("\n");
    for (const [i, kind] of kinds.entries()) {
      assert.match(inside[i] ?? "", new RegExp(`^${kind}:`));
      assert.notEqual(inside[i], readlinkSync(`/proc/self/ns/${kind}`));
    }
    assert.equal(await printed("echo $$; hostname; cat /proc/sys/kernel/hostname"), "1\nc1\nc1");
    assert.match(await printed("ip addr show lo"), /<LOOPBACK,UP[\s\S]*inet 127\.0\.0\.1/);
    assert.equal(await printed("ip link | grep -c mtu || true"), "1");
    assert.equal(await printed("hostname", "--hostname", "other"), "other");
    const full = "hostname; hostname -f; cat /proc/sys/kernel/domainname";
    assert.equal(await printed(full, "--domainname", "example.org"), "c1\nc1.example.org\nexample.org");
  });

  it("has no mount of the host, and no way to its root", async () => {
    const mounts = (await printed("cat /proc/self/mountinfo")).split("\n").map((line) => line.split(" "));
    const points = mounts.map((fields) => fields[4] ?? "");
    assert.equal(points.filter((point) => point === "/").length, 1);
    const own = /^\/(dev|proc|sys)(\/|$)|^\/etc\/host(s|name)$|^\/$/;
    assert.deepEqual(
      points.filter((point) => !own.test(point)),
      [],
    );
    assert.equal(mounts.filter((fields) => fields.some((field) => field.startsWith("shared:"))).length, 0);
    assert.equal(await printed("ls -A /.."), await printed("ls -A /"));
  });

  it("has a /dev in which the devices that every program expects work, and no others", async () => {
    const names = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero";
    assert.equal(await printed("echo $(ls /dev)"), names);
    const devices = "null zero full random urandom tty";
    const numbers = await printed(`for d in ${devices}; do stat -c '%t:%T %a %F' /dev/$d; done`);
    const expected = ["1:3", "1:5", "1:7", "1:8", "1:9", "5:0"];
    assert.deepEqual(
      numbers.split("\n"),
      expected.map((number) => `${number} 666 character special file`),
    );
    assert.equal(
      await printed("stat -c %a /dev/shm /dev /dev/mqueue; for l in ptmx fd; do readlink /dev/$l; done"),
      "1777\n755\n1777\npts/ptmx\n/proc/self/fd",
    );
    assert.equal(await printed("echo x >/dev/null; dd if=/dev/zero bs=1 count=3 2>/dev/null | wc -c"), "3");
    assert.match((await sh("echo x >/dev/full")).stderr, /No space left/);
    // What mknod makes can't be opened, and the bound nodes' modes, which are the host's, can't be changed.
    for (const place of ["/dev/n", "/n", "/dev/shm/n"]) {
      assert.match((await sh(`mknod ${place} c 1 3 && cat ${place}`)).stderr, /Permission denied/);
    }
    const mode = statSync("/dev/null").mode;
    assert.match((await sh("chmod 600 /dev/null")).stderr, /Read-only file system/);
    assert.equal(statSync("/dev/null").mode, mode);
  });

  it("has a fresh /proc, a read-only /sys, and the paths docker masks or makes read-only", async () => {
    assert.equal(await printed("echo /proc/[0-9]*"), "/proc/1");
    for (const path of ["/proc/sys/kernel/printk", "/proc/irq/default_smp_affinity", "/sys/kernel/profiling"]) {
      assert.match((await sh(`echo 1 >${path}`)).stderr, /Read-only file system/);
    }
    const readonly = (await printed("cat /proc/self/mountinfo")).split("\n").map((line) => line.split(" "));
    for (const path of ["/sys", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"]) {
      assert.match(readonly.find((fields) => fields[4] === path)?.[5] ?? "", /^ro,nosuid,nodev,noexec/);
    }
    assert.equal(await printed("cat /proc/keys /proc/timer_list /proc/interrupts | wc -c"), "0");
    assert.equal(await printed("ls -A /sys/firmware /proc/acpi /proc/scsi 2>/dev/null | grep -v : | wc -w"), "0");
    assert.match((await sh("touch /sys/firmware/x")).stderr, /Read-only file system/);
  });

  it("has docker's default capabilities and can't gain others", async () => {
    // Without a shell between, which would change some signals.
    const { stdout } = await rig.run([
      "run",
      "--image",
      "box",
      "c1",
      "grep",
      "-E",
      "^(Cap|NoNew|SigIgn|SigBlk)",
      "/proc/self/status",
    ]);
    const set = "00000000a80425fb";
    assert.deepEqual(
      Object.fromEntries(
        stdout
          .trimEnd()
          .split("\n")
          .map((line) => line.split(/:\s+/)),
      ),
      {
        CapInh: "0000000000000000",
        CapPrm: set,
        CapEff: set,
        CapBnd: set,
        CapAmb: "0000000000000000",
        NoNewPrivs: "1",
        SigBlk: "0000000000000000",
        SigIgn: "0000000000000000",
      },
    );
    assert.match((await sh("mount -t tmpfs t /etc")).stderr, /Operation not permitted|permission denied/i);
  });

  it("passes no descriptor, variable, umask or limit of the caller to the command", async () => {
    const { stdout } = await rig.run(
      ["run", "--image", "box", "c1", "sh", "-c", "env; echo $(ls /proc/self/fd); umask; ulimit -n"],
      {
        env: { SECRET: "x" },
        prefix: ["sh", "-c", 'exec 7</dev/null 9</etc/passwd; umask 077; exec "$@"', "sh"],
      },
    );
    const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const expected = ["HOME=/root", "HOSTNAME=c1", `PATH=${path}`, "PWD=/", "SHLVL=1", "0 1 2 3", "0022", "1024"];
    assert.deepEqual(stdout.trimEnd().split("\n").sort(), expected.sort());
    assert.equal(await printed("grep ^Groups: /proc/self/status"), "Groups:\t0");
  });

  it("sets variables with -e, to the caller's value if there is none", async () => {
    const { stdout } = await rig.run(
      ["run", "--image", "box", "-e", "A=1=2", "-e", "B", "--env", "NONE", "c1", "env"],
      { env: { B: "b" } },
    );
    assert.deepEqual(
      stdout.split("\n").filter((line) => /^(A|B|NONE)=/.test(line)),
      ["A=1=2", "B=b"],
    );
    assert.equal((await rig.run(["run", "--image", "box", "-e", "PATH=/none", "c1", "true"])).code, 127);
  });

  it("runs as the user of -u, by number or by the image's names, without capabilities", async () => {
    assert.equal(await printed("id -u; id -g; id -G; echo $HOME", "-u", "ann"), "1000\n1001\n1001 10\n/home/ann");
    assert.equal(await printed("id -u; id -g; id -G; echo $HOME", "-u", "1000:5"), "1000\n5\n5\n/home/ann");
    assert.equal(await printed("id -u; id -g; echo $HOME", "-u", "77"), "77\n0\n/");
    assert.equal(
      await printed("grep -E 'Cap(Prm|Eff)' /proc/self/status | grep -vc 0000000000000000 || true", "-u", "ann"),
      "0",
    );
    assert.match((await sh("touch /x", "-u", "ann")).stderr, /Permission denied/);
  });

  it("starts in the directory of -w, which is made if it is missing", async () => {
    assert.equal(await printed("pwd", "-w", "/a/b"), "/a/b");
    assert.equal(await printed("pwd"), "/");
  });

  it("shows files and directories of the host with -v, writable or not", async () => {
    const shared = join(rig.directory, "shared:x".replace(":", ","));
    mkdirSync(shared);
    writeFileSync(join(shared, "f"), "from the host\n");
    assert.equal(await printed("cat /mnt/a/f; echo back >/mnt/a/g", "-v", `${shared}:/mnt/a`), "from the host");
    assert.equal(readFileSync(join(shared, "g"), "utf8"), "back\n");
    const readonly = await sh("cat /f; echo x >/f", "-v", `${shared}/f:/f:ro`);
    assert.equal(readonly.stdout, "from the host\n");
    assert.match(readonly.stderr, /Read-only file system/);
    assert.match((await sh("mknod /d/n c 1 3 && cat </d/n", "-v", `${shared}:/d`)).stderr, /Permission denied/);
  });

  it("keeps the root unchanged with --read-only, and /dev/shm usable", async () => {
    const { stdout, stderr } = await sh("touch /x; touch /dev/shm/y && ls /dev/shm", "--read-only");
    assert.match(stderr, /Read-only file system/);
    assert.equal(stdout, "y\n");
  });

  it("finds its own name in /etc, and otherwise the image's files", async () => {
    assert.equal(await printed("cat /etc/hostname /etc/script; grep c1 /etc/hosts"), "c1\necho hello\n127.0.1.1\tc1");
    assert.equal(await printed("echo 192.0.2.1 x >>/etc/hosts && grep x$ /etc/hosts"), "192.0.2.1 x");
  });

  it("passes the options after NAME to the command", async () => {
    assert.equal(
      (await rig.run(["run", "--image", "box", "c1", "echo", "-e", "--explain", "--"])).stdout,
      "--explain --\n",
    );
    assert.equal((await rig.run(["run", "--image=box", "--", "c1", "echo", "x"])).stdout, "x\n");
  });

  it("ends with the command's exit code", async () => {
    for (const code of [0, 1, 3, 125, 255]) assert.equal((await sh(`exit ${code}`)).code, code);
    assert.deepEqual(traces(rig.root, "c1", "hello1", "hello2"), clean);
  });

  it("exits with 127 for a command that does not exist and 126 for one that can't be executed", async () => {
    const run = (...command: string[]) => rig.run(["run", "--image", "box", "c1", ...command]);
    const missing = await run("nosuch");
    assert.equal(missing.code, 127);
    assert.match(missing.stderr, /there is no command nosuch in the PATH of the image box/);
    assert.match(
      (await rig.run(["run", "c1", "ubuntu"])).stderr,
      /no command ubuntu in the PATH of the image host\n {2}for an image: --image ubuntu, or ubuntu:TAG\n/,
    );
    assert.equal((await run("/bin/nosuch")).code, 127);
    assert.equal((await run("/etc/passwd")).code, 126);
    assert.equal((await run("/etc")).code, 126);
    assert.equal((await run("")).code, 127);
    const foreign = await rig.run(["run", "--image", "box", "-v", `${process.execPath}:/bin/node`, "c1", "node"]);
    assert.equal(foreign.code, 127);
    assert.match(foreign.stderr, /its interpreter or dynamic loader is not/);
    assert.deepEqual(traces(rig.root, "c1", "hello1", "hello2"), clean);
  });
});
