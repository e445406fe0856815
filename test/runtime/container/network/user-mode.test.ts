import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { MACHINE, machine, OUTSIDE, serving } from "../../../rig/machine.ts";
import { busyboxRootfs, outcomeOf, tinydocker } from "../../../rig/tinydocker.ts";

/** An unused id. */
const UID = 54_323;

const rig = await tinydocker({ after });
const here = await machine({ after });
const home = join(rig.directory, "home");
const root = join(home, "state");
const accounts = join(rig.directory, "accounts");
for (const directory of [home, accounts]) mkdirSync(directory);
/** The user may open /dev/net/tun, as where udev runs; it is a node of the test's own. */
const WITH_TUN = 'mount -t tmpfs tun /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec "$@"';
const asUser = ["setpriv", `--reuid=${UID}`, `--regid=${UID}`, "--clear-groups"];
const withTun = [...here.prefix, "unshare", "--mount", "sh", "-c", WITH_TUN, "sh"];
const options = (path: string) => ({
  prefix: [...withTun, ...asUser],
  env: { HOME: home, TINYDOCKER_ROOT: root, TINYDOCKER_NETWORK: "", PATH: path },
});
const PATH = process.env["PATH"] ?? "";
const words = (network: string, ...more: string[]) => ["run", "--image", "box", "--network", network, ...more];
const run = (network: string, more: readonly string[], path = PATH) => rig.run(words(network, ...more), options(path));

/** A PATH with a program of the test in place of slirp4netns. */
function pathWith(script: string): string {
  const directory = join(rig.directory, `bin-${script.length}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "slirp4netns"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, "slirp4netns"), 0o755);
  return `${directory}:${PATH}`;
}

/** The container c1, once its command runs. */
async function running(network: string, script: string): Promise<ChildProcess> {
  const child = rig.spawn(words(network, "c1", "sh", "-c", `echo ready; ${script}`), options(PATH));
  const [first] = await Promise.race([once(child.stdout as NodeJS.ReadableStream, "data"), once(child, "exit")]);
  assert.equal(String(first), "ready\n");
  return child;
}

async function isConnected(network: string, prefix: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await rig.run(words(network, "c1", "ip", "-o", "route"), {
    ...options(PATH),
    prefix: [...withTun, ...prefix],
  });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^default via \S+ dev eth0/m);
}

/** The program that works for the container, while that runs. */
const helperOf = (name: string) =>
  Number(/"kind":"helper","pid":(\d+)/.exec(readFileSync(join(root, "locks", name), "utf8"))?.[1]);

before(async () => {
  chownSync(home, UID, UID);
  const rootfs = await busyboxRootfs(join(rig.directory, "rootfs"));
  const { code, stderr } = await rig.run(["image", "import", "box", rootfs], options(PATH));
  assert.equal(code, 0, stderr);
});

describe("without root, a container on a network", () => {
  for (const [network, server] of [
    ["bridge", "10.0.2.3"],
    ["slirp4netns", "10.0.2.3"],
  ] as const)
    it(`${network} reaches from its first instruction what the machine reaches`, async (t) => {
      const outside = await serving(here.outside, OUTSIDE.ipv4, 7001);
      t.after(() => outside.kill());
      const script = `nc ${OUTSIDE.ipv4} 7001; cat /etc/resolv.conf; ip -o link`;
      const { code, stdout, stderr } = await run(network, ["c1", "sh", "-c", script]);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.equal(stdout.split("\n")[0], MACHINE.ipv4);
      assert.match(stdout, new RegExp(`^nameserver ${server}$`, "m"));
      assert.match(stdout, / eth0: /);
      assert.ok(!existsSync(join(root, "locks/c1")));
    });

  // Not a server's answer: Debian 12's pasta loses the end of some short connections.
  it("asks pasta for names where that connects it", async () => {
    const { code, stdout, stderr } = await run("pasta", ["c1", "cat", "/proc/net/route", "/etc/resolv.conf"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^eth0\t00000000\t/m);
    assert.match(stdout, /^nameserver 169\.254\.1\.1$/m);
  });

  for (const network of ["slirp4netns", "pasta"]) {
    it(`is connected by ${network} for a user with subordinate ids`, async () => {
      await isConnected(network, ["sh", resolve("test/rig/accounts.sh"), accounts, String(UID)]);
    });

    it(`can't reach a server on the machine's loopback through ${network}`, async (t) => {
      const server = await serving(here, "127.0.0.1", 7002);
      t.after(() => server.kill());
      const script = `for a in 127.0.0.1 10.0.2.2 ${OUTSIDE.ipv4}; do nc -w 2 $a 7002; done 2>/dev/null; echo ran`;
      assert.equal((await run(network, ["c1", "sh", "-c", script])).stdout, "ran\n");
    });

    it(`has ${network} beside it until it ends`, async () => {
      const child = await running(network, "read line");
      const helper = helperOf("c1");
      assert.ok(readFileSync(`/proc/${helper}/cmdline`, "utf8").includes(network));
      assert.equal((await outcomeOf(child, "end\n")).code, 0);
      assert.ok(!isRunning(helper));
    });

    it(`whose tinydocker was killed has no ${network} after the next command`, async () => {
      const child = await running(network, "sleep 1000");
      const helper = helperOf("c1");
      child.kill("SIGKILL");
      await once(child, "exit");
      assert.equal((await run("none", ["c2", "true"])).code, 0);
      assert.ok(!isRunning(helper));
      assert.ok(!existsSync(join(root, "locks/c1")));
    });
  }

  it("is connected by slirp4netns for root of a user namespace", async () => {
    await isConnected("slirp4netns", [...asUser, "unshare", "--user", "--map-root-user"]);
  });

  it("is given up when the program is not ready in time, and the program ended", async () => {
    const pidFile = join(home, "pid");
    const { code, stdout, stderr } = await run(
      "bridge",
      ["c1", "echo", "ran"],
      pathWith(`echo $$ >${pidFile}; exec sleep 1000`),
    );
    assert.deepEqual([code, stdout], [125, ""]);
    assert.match(stderr, /can't connect the container to the network: \S+\/slirp4netns is not ready after 5 s/);
    assert.ok(!isRunning(Number(readFileSync(pidFile, "utf8"))));
    assert.ok(!existsSync(join(root, "locks/c1")));
  });

  it("is refused with the words of a program that fails", async () => {
    const words = "MAC:\n    host: 02:fc\nFailed to send 11 bytes to syslog\nno tun\nchild failed(1)\n";
    const { code, stderr } = await run("bridge", ["c1", "true"], pathWith(`printf '${words}' >&2; exit 1`));
    assert.equal(code, 125);
    assert.match(
      stderr,
      /slirp4netns ended: no tun; child failed\(1\)\n {2}try the other one of --network slirp4netns and pasta/,
    );
  });

  it("is refused with what to install where there is no such program", async () => {
    const bare = dirname(process.execPath);
    for (const [network, what, name] of [
      ["bridge", "neither slirp4netns nor pasta is installed", "slirp4netns"],
      ["pasta", "pasta is not installed", "passt"],
    ] as const) {
      const { code, stderr } = await rig.run(words(network, "c1", "true"), {
        ...options(PATH),
        prefix: [...options(PATH).prefix, "env", `PATH=${bare}-none`],
      });
      assert.equal(code, 125);
      assert.match(stderr, new RegExp(`${what}\n {2}apt-get install ${name} as root`));
    }
  });

  for (const more of [
    ["-p", "8080:80"],
    ["--ip", "10.0.2.100"],
    ["--network-alias", "a"],
    ["--add-host", "machine:host-gateway"],
  ])
    it(`can't have ${more.join(" ")}`, async () => {
      const { code, stderr } = await run("bridge", [...more, "c1", "true"]);
      assert.equal(code, 125);
      assert.match(stderr, /can't be used with --network bridge: without root, its network is only a way out of it/);
    });

  it("is explained with the program and what waits for it", async () => {
    const { stderr } = await run("slirp4netns", ["--explain", "c1", "true"]);
    assert.match(stderr, /slirp4netns --configure .* \/proc\/PID\/ns\/net eth0 &\n +copies packets/);
    assert.match(stderr, /read\(slot 0, \/\* 1 byte \*\/, 1\)\n +waits until slirp4netns or pasta/);
  });
});

/** A zombie waits for a parent that is not the test's. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
