import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { machine, OUTSIDE } from "../../rig/machine.ts";
import { importBusybox, outcomeOf, tinydocker } from "../../rig/tinydocker.ts";

/** What the tutorial's chapter 4 gets wrong ("500 lines of handwritten docker", branch chapter4), each by what is right. */
const rig = await tinydocker({ after });
await importBusybox(rig);
const here = await machine({ after });
const env = { TINYDOCKER_NETWORK: "" };
const run = (words: readonly string[], ...prefix: readonly string[]) =>
  rig.run(["run", "--image", "box", ...words], { prefix: [...here.prefix, ...prefix], env });
const network = (...words: readonly string[]) => rig.run(["network", ...words], { prefix: here.prefix, env });
const storePath = join(rig.root, "networks/store");
const leasesPath = join(rig.root, "networks/leases");

async function running(name: string, ...words: readonly string[]): Promise<ChildProcess> {
  const script = "echo ready; read line";
  const child = rig.spawn(["run", "--image", "box", ...words, name, "sh", "-c", script], { prefix: here.prefix, env });
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

before(async () => {
  assert.equal((await run(["first", "true"])).code, 0);
});

describe("the tutorial's network", () => {
  it("hangs on any network error: here it is one line, and exit 125", async () => {
    const [{ Options }] = JSON.parse((await network("inspect", "bridge")).stdout);
    const bridge = Options["com.docker.network.bridge.name"];
    await here.sh(`ip link delete ${bridge}; ip link add ${bridge} type veth peer name other`);
    const { code, stdout, stderr } = await run(["c1", "true"]);
    assert.deepEqual([code, stdout], [125, ""]);
    assert.match(stderr, /^tinydocker: the link td-\S+ is not a bridge, [^\n]*\n {2}ip link delete td-\S+[^\n]*\n$/);
    await here.sh(`ip link delete ${bridge}`);
    assert.equal((await run(["c1", "true"])).code, 0);
  });

  it("gives the machine a default route of the container whose init failed: here its routes stay", async () => {
    const routes = await here.sh("{ ip route; ip -6 route; } | sed 's/ *linkdown//; s/ *$//'");
    assert.equal((await run(["c1", "nosuch"])).code, 127);
    assert.equal((await run(["c1"])).code, 125);
    assert.equal(await here.sh("{ ip route; ip -6 route; } | sed 's/ *linkdown//; s/ *$//'"), routes);
  });

  it("uses public addresses: here they are private, and overlap no route", async () => {
    const subnetOf = async (name: string) =>
      (await network("inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", name)).stdout;
    assert.match(await subnetOf("bridge"), /^(172\.(1[6-9]|2\d|3[01])|10\.\d+|192\.168)\./);
    await here.sh("ip route add blackhole 172.19.0.0/16");
    await network("create", "next");
    assert.doesNotMatch(await subnetOf("next"), /^172\.(18|19)\./);
    await network("rm", "next");
    await here.sh("ip route del blackhole 172.19.0.0/16");
  });

  it("collides in its ten names of links: here 24 containers run at the same time", async () => {
    const all = await Promise.all(Array.from({ length: 24 }, (_, i) => running(`many${i}`)));
    const names = (await here.sh("ip -o link show type veth | cut -d: -f2 | grep ' td'")).trim().split("\n");
    assert.equal(new Set(names).size, 24);
    await Promise.all(all.map((child) => outcomeOf(child, "end\n")));
  });

  it("never gives an address back: here a subnet of five addresses serves eight containers in a row", async () => {
    await network("create", "small", "--subnet", "10.99.0.0/29");
    for (let i = 0; i < 8; i++) assert.equal((await run(["--network", "small", `row${i}`, "true"])).code, 0);
  });

  it("gives a container the gateway's own address when all are in use: here that is refused by name", async () => {
    const all = await Promise.all(Array.from({ length: 5 }, (_, i) => running(`full${i}`, "--network", "small")));
    const { code, stderr } = await run(["--network", "small", "one-more", "true"]);
    assert.equal(code, 125);
    assert.match(
      stderr,
      /^tinydocker: all addresses of the network small, 10\.99\.0\.0\/29, are in use\n {2}end containers/,
    );
    await Promise.all(all.map((child) => outcomeOf(child, "end\n")));
    assert.equal((await run(["--network", "small", "one-more", "true"])).code, 0, "and afterwards there is one");
  });

  it("gives two containers the same address: here 24 at the same time have 24", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 24 }, (_, i) => run([`at-once${i}`, "ip", "-4", "-o", "address", "show", "eth0"])),
    );
    const addresses = outcomes.map(({ stdout }) => /inet (\S+)/.exec(stdout)?.[1]);
    assert.equal(new Set(addresses).size, 24, outcomes.map(({ stderr }) => stderr).join(""));
  });

  it("takes a torn file for no leases: here it is named, and nothing is started", async () => {
    for (const path of [storePath, leasesPath]) {
      const whole = readFileSync(path, "utf8");
      for (const torn of [whole.slice(0, whole.length / 2), "[]", '{"version":1}']) {
        writeFileSync(path, torn);
        const { code, stdout, stderr } = await run(["c1", "true"]);
        assert.deepEqual([code, stdout], [125, ""]);
        assert.match(stderr, new RegExp(`^tinydocker: ${path} is damaged: [^\n]*\n {2}end the containers, [^\n]*\n`));
      }
      writeFileSync(path, whole);
      assert.equal((await run(["c1", "true"])).code, 0);
    }
  });

  it("takes a torn file for no leases: here only an empty one is, as a loss of power leaves it", async () => {
    writeFileSync(leasesPath, "");
    assert.equal((await run(["c1", "true"])).code, 0);
  });

  it("fails with 'file exists' once its own file is lost: here the bridge is found again, with its addresses", async () => {
    const before = await here.sh("ip -4 -o address");
    rmSync(storePath);
    assert.equal((await run(["c1", "true"])).code, 0);
    assert.equal(await here.sh("ip -4 -o address"), before);
  });

  it("appends its rule at each start and never removes it: here there is one table, however many starts", async () => {
    const rules = await here.sh("nft list ruleset");
    for (let i = 0; i < 3; i++) await run(["c1", "true"]);
    assert.equal(await here.sh("nft list ruleset"), rules);
  });

  it("never masquerades again after others flushed the rules: here the next start declares them", async () => {
    await here.sh("nft flush ruleset");
    assert.match((await run(["c1", "ping", "-c", "1", "-W", "5", OUTSIDE.ipv4])).stdout, / 0% packet loss/);
  });

  it("takes the index of the machine's loopback for the container's: here its own is up", async () => {
    assert.match((await run(["c1", "ping", "-c", "1", "-W", "5", "127.0.0.1"])).stdout, / 0% packet loss/);
  });

  it("leaves forwarding to chance: here it is on after the first start", async () => {
    assert.equal(await here.sh("cat /proc/sys/net/ipv4/ip_forward"), "1\n");
  });

  it("needs a command: `run NAME` alone is refused before anything is made", async () => {
    const before = await here.sh("ip -o link show type bridge | wc -l");
    assert.match((await run(["c1"])).stderr, /there is no command to run/);
    assert.equal(await here.sh("ip -o link show type bridge | wc -l"), before);
  });
});
