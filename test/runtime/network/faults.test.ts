import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { machine } from "../../rig/machine.ts";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";
import { killedAt } from "../killed-at.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const here = await machine({ after });
const env = { TINYDOCKER_NETWORK: "" };
const run = (words: readonly string[], ...prefix: readonly string[]) =>
  rig.run(["run", "--image", "box", ...words], { prefix: [...here.prefix, ...prefix], env });

/** The network itself stays, and the kernel removes a cable a moment after its container. */
async function nothingIsLeft(): Promise<void> {
  const { leases } = JSON.parse(readFileSync(join(rig.root, "networks/leases"), "utf8"));
  assert.deepEqual(leases, []);
  assert.deepEqual(readdirSync(join(rig.root, "networks/hosts")), []);
  assert.deepEqual(readdirSync(join(rig.root, "locks")), []);
  assert.doesNotMatch(await here.sh("nft list ruleset"), /8080/);
  assert.equal(await here.sh("ss -Hltn"), "");
  for (let tries = 0; (await here.sh("ip -o link show type veth")).includes(": td"); tries++) {
    assert.ok(tries < 200, "a cable is left");
    await setTimeout(10);
  }
}

before(async () => {
  assert.equal((await run(["first", "true"])).code, 0);
});

describe("tinydocker or the init killed at any step of the network", () => {
  for (const [call, least] of [
    ["recvfrom", 10],
    ["flock", 2],
    ["renameat2", 1],
    ["unlink", 4],
    ["listen", 2],
  ] as const)
    it(`leaves nothing behind after the next start: each ${call}`, async () => {
      let n = 1;
      for (; ; n++) {
        const { code, signal } = await run(["-p", "8080:80", "c1", "true"], ...killedAt(rig.directory, call, n));
        if (code === 0) break;
        assert.ok(signal === "SIGKILL" || code === 125, "tinydocker was killed, or reports that the init was");
        const next = await run(["-p", "8080:80", "c2", "echo", "next"]);
        assert.deepEqual(next, { code: 0, signal: null, stdout: "next\n", stderr: "" });
        await nothingIsLeft();
      }
      assert.ok(n > least, `${n - 1} were reached`);
    });
});

describe("a start that fails after its network was prepared", () => {
  it("leaves nothing behind", async () => {
    for (const words of [
      ["c1", "nosuch"],
      ["-w", "/etc/passwd", "c1", "true"],
    ]) {
      const { code } = await run(["-p", "8080:80", ...words]);
      assert.notEqual(code, 0);
      await nothingIsLeft();
    }
  });
});

describe("a machine that can't do it", () => {
  const refusals: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      "without the right to",
      ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"],
      /^tinydocker: -p can't be used with --network bridge: without root, [^\n]*\n[^\n]*\n$/,
    ],
    [
      "with a read-only state directory",
      [
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"',
        join(rig.root, "networks"),
      ],
      /^tinydocker: can't store the container's state in \S+networks\S*: EROFS[^\n]*\n[^\n]*\n$/,
    ],
  ];
  it("with a full disk: names the file, and leaves no part of it", async () => {
    const script =
      'mount -t tmpfs -o size=8k full "$0" && { head -c 8192 /dev/zero >"$0/rest"; "$@"; code=$?; rm "$0/rest"; ls "$0"; exit $code; }';
    const networks = join(rig.root, "networks");
    const { code, stdout, stderr } = await run(["c1", "true"], "unshare", "--mount", "sh", "-c", script, networks);
    assert.deepEqual([code, stdout], [125, "lock\n"]);
    assert.match(stderr, /^tinydocker: can't store the container's state in \S+networks\/store\.new: ENOSPC/);
    await nothingIsLeft();
  });

  it("can't apply a limit: makes no network for it", async () => {
    const root = join(rig.directory, "fresh");
    const { code, stderr } = await rig.run(["run", "--cpus", "999", "c1", "true"], {
      prefix: here.prefix,
      env: { ...env, TINYDOCKER_ROOT: root },
    });
    assert.equal(code, 125);
    assert.match(stderr, /^tinydocker: can't give the container 999 processors: this machine has \d+\n[^\n]*\n$/);
    assert.equal(existsSync(join(root, "networks")), false);
  });

  for (const [what, prefix, message] of refusals)
    it(`${what}: says so in one line, and what to do`, async () => {
      const { code, stdout, stderr } = await run(["--network", "bridge", "-p", "8080:80", "c1", "true"], ...prefix);
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, message);
      assert.equal((await run(["c2", "true"])).code, 0);
      await nothingIsLeft();
    });
});
