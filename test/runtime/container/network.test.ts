import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { MACHINE, machine, OUTSIDE, serving } from "../../rig/machine.ts";
import { importBusybox, outcomeOf, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const here = await machine({ after });
const options = (prefix: readonly string[] = []) => ({
  prefix: [...here.prefix, ...prefix],
  env: { TINYDOCKER_NETWORK: "" },
});

const run = (words: readonly string[], prefix?: readonly string[]) =>
  rig.run(["run", "--image", "box", ...words], options(prefix));

/** What a container prints, which must end well. */
async function printed(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(words);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout;
}

/** A container that runs until `end` is called. */
async function running(name: string, options_: readonly string[] = []) {
  const words = ["run", "--image", "box", ...options_, name, "sh", "-c", "echo ready; read line"];
  const child = rig.spawn(words, options());
  await ready(child);
  return { child, end: () => outcomeOf(child, "end\n") };
}

async function ready(child: ChildProcess): Promise<void> {
  const stderr: Buffer[] = [];
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  const first = await Promise.race([once(child.stdout as NodeJS.ReadableStream, "data"), once(child, "exit")]);
  assert.equal(String(first[0]), "ready\n", Buffer.concat(stderr).toString());
}

const leases = (): { container: string }[] =>
  JSON.parse(readFileSync(join(rig.root, "networks/leases"), "utf8")).leases;

/** Only the networks themselves are left: the kernel removes a cable a moment after the container. */
async function nothingIsLeft(): Promise<void> {
  assert.deepEqual(leases(), []);
  assert.deepEqual(readdirSync(join(rig.root, "networks/hosts")), []);
  for (let tries = 0; (await here.sh("ip -o link show type veth")).includes(": td"); tries++) {
    assert.ok(tries < 200, "a cable is left");
    await setTimeout(10);
  }
}

before(async () => {
  const { code, stderr } = await run(["first", "true"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^tinydocker: warning: net\.ipv4\.ip_forward was 0, and is 1 now: .*\n$/);
});

describe("a container on the default network", () => {
  it("reaches what the machine reaches, and appears outside with the machine's address", async () => {
    assert.match(await printed("c1", "ping", "-c", "1", "-W", "5", OUTSIDE.ipv4), / 0% packet loss/);
    const server = await serving(here.outside, OUTSIDE.ipv4, 7001);
    assert.equal(await printed("c1", "nc", OUTSIDE.ipv4, "7001"), `${MACHINE.ipv4}\n`);
    server.kill();
  });

  it("loses no first packet, of ten containers", async () => {
    for (let i = 0; i < 10; i++) {
      const text = await printed("c1", "ping", "-c", "1", "-W", "5", OUTSIDE.ipv4);
      const milliseconds = Number(/time=([\d.]+) ms/.exec(text)?.[1]);
      assert.ok(milliseconds < 900, "the first was lost, and sent again after a second");
    }
  });

  it("has an address, a fixed link address made of it, and a route through the bridge", async () => {
    const text = await printed("c1", "sh", "-c", "ip address show eth0; ip route; cat /sys/class/net/eth0/mtu");
    const [, a, b, c, d] = /inet (\d+)\.(\d+)\.(\d+)\.(\d+)\/16/.exec(text)?.map(Number) ?? [];
    const mac = [a, b, c, d].map((byte) => byte?.toString(16).padStart(2, "0")).join(":");
    assert.match(text, new RegExp(`link/ether 02:42:${mac}`));
    assert.match(text, /default via 172\.\d+\.0\.1 dev eth0/);
    assert.match(text, /\n1500\n$/);
    assert.doesNotMatch(text, /inet6/);
  });

  it("knows itself, and the machine's name servers without those of its loopback", async () => {
    const text = await printed("c1", "cat", "/etc/hosts", "/etc/resolv.conf");
    assert.match(text, /^127\.0\.0\.1\tlocalhost\n::1\tlocalhost.*\n172\.\d+\.\d+\.\d+\tc1\n/);
    assert.doesNotMatch(text, /nameserver 127\./);
  });

  it("knows others by name while they run, and they know it: their files change in place", async () => {
    const web = await running("web", []);
    const db = await running("db");
    const hosts = (name: string) => readFileSync(join(rig.root, "networks/hosts", name), "utf8");
    assert.match(hosts("web"), /\tdb\n$/);
    assert.match(await printed("c1", "ping", "-c", "1", "-W", "5", "web"), / 0% packet loss/);
    await db.end();
    assert.doesNotMatch(hosts("web"), /\tdb\n/);
    await web.end();
    await nothingIsLeft();
  });

  it("leaves nothing behind but the network, however it ends", async () => {
    await printed("c9", "true");
    const told = readFileSync(join(rig.root, "events"), "utf8").split("\n");
    const actions = told.flatMap((line) => (/"(c9)"/.test(line) ? [/"action":"([^"]*)"/.exec(line)?.[1]] : []));
    assert.deepEqual(actions, ["create", "connect", "start", "die", "disconnect", "destroy"]);
    assert.equal((await run(["c1", "sh", "-c", "exit 3"])).code, 3);
    assert.equal((await run(["c1", "nosuch"])).code, 127);
    await nothingIsLeft();
  });

  it("is explained with its bridge, lease, cable, address and rules, in English and Chinese", async () => {
    const explained = async (language: string) =>
      (
        await rig.run(["run", "--image", "box", "--explain", "c1", "true"], {
          ...options(),
          env: { LANG: language, TINYDOCKER_NETWORK: "" },
        })
      ).stderr;
    for (const text of [await explained("C"), await explained("zh_CN.UTF-8")])
      for (const part of [
        "networks/leases",
        "RTM_NEWLINK",
        '"bridge"',
        '"veth"',
        "RTM_NEWADDR",
        "RTM_NEWROUTE",
        "masquerade",
        "ip_forward",
      ])
        assert.ok(text.includes(part), part);
    assert.match(await explained("zh_CN.UTF-8"), /网桥/);
  });
});

describe("--network", () => {
  it("none has only a loopback", async () => {
    assert.match(
      await printed("--network", "none", "c1", "ip", "-o", "link"),
      /^1: lo: <LOOPBACK,UP,LOWER_UP>[^\n]*\n$/,
    );
  });

  it("host is the machine's own network, with its names", async () => {
    assert.match(await printed("--network", "host", "c1", "ip", "-o", "link"), /out0/);
    const resolver = await printed("--network", "host", "c1", "cat", "/etc/resolv.conf");
    assert.equal(resolver, readFileSync("/etc/resolv.conf", "utf8"));
  });

  for (const [words, message] of [
    [["--network", "nosuch"], /there is no network nosuch\n {2}tinydocker network create nosuch makes it/],
    [["--network", "none", "--network", "bridge"], /--network none can't be combined with another network/],
  ] as const)
    it(`${words.join(" ")} is refused`, async () => {
      const { code, stdout, stderr } = await run([...words, "c1", "true"]);
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, message);
      await nothingIsLeft();
    });

  it("joined needs root", async () => {
    const { code, stderr } = await rig.run(["run", "--network", "back", "c1", "true"], {
      prefix: ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"],
      env: { HOME: rig.directory, TINYDOCKER_ROOT: join(rig.directory, "user") },
    });
    assert.equal(code, 125);
    assert.match(
      stderr,
      /joining the network back needs root, with CAP_NET_ADMIN\n {2}use --network bridge, host or none/,
    );
  });
});

describe("the machine's network", () => {
  it("has its rules again after others flushed them", async () => {
    await here.sh("nft flush ruleset");
    await printed("c1", "ping", "-c", "1", "-W", "5", OUTSIDE.ipv4);
    assert.match(await here.sh("nft list ruleset"), /masquerade/);
    const table = /table inet (\S+)/.exec(await here.sh("nft list ruleset"))?.[1];
    await here.sh(`nft flush chain inet ${table} outward`);
    assert.match(await printed("c1", "ping", "-c", "1", "-W", "5", OUTSIDE.ipv4), / 0% packet loss/);
  });

  it("has its bridge again after others removed it or switched it off", async () => {
    const bridge = JSON.parse(readFileSync(join(rig.root, "networks/store"), "utf8")).networks[0].bridge;
    for (const harm of [`ip link delete ${bridge}`, `ip link set ${bridge} down`, `ip address flush dev ${bridge}`]) {
      await here.sh(harm);
      assert.match(await printed("c1", "ping", "-c", "1", "-W", "5", OUTSIDE.ipv4), / 0% packet loss/);
    }
  });

  const CHAIN = "add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy";
  for (const [how, ...commands] of [
    ["its policy", `nft '${CHAIN} drop; }'`],
    [
      "a rule for what no other accepts, as firewalld's",
      `nft '${CHAIN} accept; }'`,
      "nft add rule ip filter FORWARD reject",
    ],
    ["a rule that counts what it drops", `nft '${CHAIN} accept; }'`, "nft add rule ip filter FORWARD counter drop"],
    ["a rule of iptables", "iptables -A FORWARD -j REJECT --reject-with icmp-host-prohibited"],
  ] as const)
    it(`is said to drop what another tool's chain drops by ${how}, with the rule to add`, async () => {
      await here.sh(commands.join("\n"));
      const { code, stderr } = await run(["c1", "true"]);
      assert.equal(code, 0);
      const [, warning = "", remedy = ""] = /^tinydocker: warning: (.*)\n {2}(.*)\n$/.exec(stderr) ?? [];
      assert.equal(
        warning,
        "the chain FORWARD of the table ip filter drops what it doesn't know, so the container may reach nothing outside",
      );
      await here.sh(remedy);
      assert.match(await printed("c1", "ping", "-c", "1", "-W", "5", OUTSIDE.ipv4), / 0% packet loss/);
      await here.sh("nft delete table ip filter");
    });

  it("is not said to drop what another tool's chain drops of others alone", async () => {
    await here.sh(`nft '${CHAIN} accept; }'\nnft add rule ip filter FORWARD ip daddr 192.0.2.1 drop`);
    assert.equal(await printed("c1", "echo", "ran"), "ran\n");
    await here.sh("nft delete table ip filter");
  });
});
