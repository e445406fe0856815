import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { MACHINE, machine, OUTSIDE } from "../../../rig/machine.ts";
import { importBusybox, outcomeOf, tinydocker } from "../../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const here = await machine({ after });
const options = { prefix: here.prefix, env: { TINYDOCKER_NETWORK: "" } };
const network = (...words: readonly string[]) => rig.run(["network", ...words], options);
const run = (...words: readonly string[]) => rig.run(["run", "--image", "box", ...words], options);

async function printed(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...words);
  assert.deepEqual([code, stderr], [0, ""]);
  return stdout;
}

async function running(name: string, ...words: readonly string[]): Promise<ChildProcess> {
  const child = rig.spawn(["run", "--image", "box", ...words, name, "sh", "-c", "echo ready; read line"], options);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

const ended = (child: ChildProcess) => outcomeOf(child, "end\n");
const links = () => here.sh("ip -o link | cut -d: -f2");

async function makeNetworks(): Promise<void> {
  for (const words of [
    ["six", "--ipv6", "--subnet", "10.7.0.0/24"],
    ["closed", "--internal"],
  ])
    assert.deepEqual(await network("create", ...words), { code: 0, signal: null, stdout: `${words[0]}\n`, stderr: "" });
}

before(async () => {
  await makeNetworks();
  // The first start switches on what the machine needs, and says so.
  assert.match(
    (await run("--network", "six", "first", "true")).stderr,
    /ipv6\.conf\.all\.forwarding was 0, and is 1 now/,
  );
});

describe("a network", () => {
  it("is listed and shown with what it is and who is on it", async () => {
    const web = await running("web", "--network", "six", "--network-alias", "www");
    assert.match(
      (await network("ls")).stdout,
      /^NETWORK ID +NAME +DRIVER +SCOPE +SUBNET +CONTAINERS\nclosed +closed .*\nhost +host +host +local *\nnone +none +null +local *\nsix +six +bridge +local +10\.7\.0\.0\/24 +web\n$/,
    );
    const [shown] = JSON.parse((await network("inspect", "six")).stdout);
    assert.deepEqual(
      [shown.IPAM.Config[0], shown.Internal, shown.Containers.web.Name],
      [{ Subnet: "10.7.0.0/24", Gateway: "10.7.0.1" }, false, "web"],
    );
    const [, listed, ...more] = JSON.parse((await network("ls", "--json")).stdout);
    assert.deepEqual([listed.name, listed.containers[0].aliases, more], ["six", ["www"], []]);
    const linked = await printed("--network", "six", "--link", "web:front", "linked", "cat", "/etc/hosts");
    assert.match(linked, /^10\.7\.0\.\d+\tweb www front$/m);
    await ended(web);
  });

  it("is removed with its bridge and rules, but not while a container is on it", async () => {
    const before = await links();
    assert.equal((await network("create", "gone")).code, 0);
    const web = await running("web", "--network", "gone");
    const refused = await network("rm", "gone");
    assert.deepEqual([refused.code, refused.stdout], [125, ""]);
    assert.equal(
      refused.stderr,
      "tinydocker: the network gone is in use by web\n  end these containers, or take them off first: tinydocker network disconnect\n",
    );
    await ended(web);
    assert.equal((await network("rm", "gone")).code, 0);
    assert.equal(await links(), before);
    assert.doesNotMatch(
      await here.sh("nft list ruleset"),
      new RegExp(
        (await network("inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", "six")).stdout.trim().replace("7", "8"),
      ),
    );
  });

  it("has its own subnet alone, whatever a bridge of its name had whose store was lost", async () => {
    const store = join(rig.root, "networks");
    cpSync(store, `${store}.before`, { recursive: true });
    assert.equal((await network("create", "lost", "--subnet", "10.99.0.0/24")).code, 0);
    await printed("--network", "lost", "first", "ping", "-c1", "-W5", "10.99.0.1");
    rmSync(store, { recursive: true });
    renameSync(`${store}.before`, store);
    assert.equal((await network("create", "lost", "--subnet", "10.98.0.0/24")).code, 0);
    await printed("--network", "lost", "second", "ping", "-c1", "-W5", "10.98.0.1");
    assert.doesNotMatch(await here.sh("ip -o -4 address"), /10\.99\./);
    assert.equal((await network("rm", "lost")).code, 0);
  });

  it("CVE-2020-13401: gives neither the machine nor a container a route to one that says it is a router, with or without IPv6", async () => {
    const router = join(rig.directory, "router");
    const source = join(import.meta.dirname, "router-advertisement.c");
    execFileSync("gcc", ["-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-static", "-o", router, source]);
    // By the time that the bridge answers, it has taken what came before.
    const script = "/router && ping -c 1 -W 5 gateway";
    for (const name of ["bridge", "six"]) {
      const other = await running("web", "--network", name);
      const { code, stderr } = await run(
        "--network",
        name,
        "--add-host",
        "gateway:host-gateway",
        "-v",
        `${router}:/router`,
        "c1",
        "sh",
        "-c",
        script,
      );
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(await here.sh("ip -6 route; ip -6 address"), /beef|dead/);
      assert.doesNotMatch((await rig.run(["exec", "web", "ip", "-6", "route"], options)).stdout, /beef|dead/);
      await ended(other);
    }
  });

  it("can be removed after its container's process was killed", async () => {
    await network("create", "gone");
    const web = await running("web", "--network", "gone");
    web.kill("SIGKILL");
    await once(web, "exit");
    assert.deepEqual(await network("rm", "gone"), { code: 0, signal: null, stdout: "gone\n", stderr: "" });
  });

  for (const [words, code, message] of [
    [["create", "six"], 125, /the network six already exists\n {2}tinydocker network rm six removes it/],
    [
      ["create", "x", "--subnet", "10.7.0.0/25"],
      125,
      /the subnet 10\.7\.0\.0\/25 overlaps 10\.7\.0\.0\/24 of the network six/,
    ],
    [["create", "x", "--subnet", "198.51.100.128/25"], 125, /overlaps 198\.51\.100\.0\/24 of a route/],
    [["create", "x", "--subnet", "10.9.0.1/24"], 125, /has bits set behind its prefix; the subnet is 10\.9\.0\.0\/24/],
    [["create", "x", "--subnet", "10.9.0.0/31"], 125, /has no address for a container/],
    [["create", "x", "--subnet", "0.0.0.0/0"], 125, /is too large/],
    [["create", "x", "--subnet", "nonsense"], 125, /"nonsense" is not a subnet/],
    [["create", "x", "--subnet", "10.9.0.0/24", "--gateway", "10.8.0.1"], 125, /the gateway 10\.8\.0\.1 is in none of/],
    [
      ["create", "x", "--subnet", "10.9.0.0/24", "--gateway", "10.9.0.255"],
      125,
      /can't be a gateway: it is the first or the last/,
    ],
    [["create", "none"], 125, /none can't be the name of a network/],
    [["create", "a/b"], 125, /"a\/b" can't be the name of a network/],
    [["rm", "nosuch"], 125, /there is no network nosuch/],
    [
      ["rm", "bridge"],
      125,
      /bridge is a pre-defined network and cannot be removed\n {2}tinydocker network rm --force bridge/,
    ],
    [["rm", "none"], 125, /none is a pre-defined network and cannot be removed\n {2}it is what --network none means/],
    [["inspect", "nosuch"], 125, /there is no network nosuch/],
  ] as const)
    it(`${words.join(" ")} is refused, and nothing is made`, async () => {
      const before = [await links(), readFileSync(join(rig.root, "networks/store"), "utf8")];
      const outcome = await network(...words);
      assert.deepEqual([outcome.code, outcome.stdout], [code, words[0] === "inspect" ? "[]\n" : ""]);
      assert.match(outcome.stderr, message);
      assert.deepEqual([await links(), readFileSync(join(rig.root, "networks/store"), "utf8")], before);
    });

  it("is also docker's host and none, which are shown, listed and found by their drivers", async () => {
    const own = ["run", "-d", "--image", "box", "--network", "host", "--name", "open", "sleep", "1000"];
    assert.equal((await rig.run(own, options)).code, 0);
    const [shown, none] = JSON.parse((await network("inspect", "host", "none")).stdout);
    assert.deepEqual(
      [shown.Driver, shown.IPAM.Config, Object.keys(shown.Containers), none.Driver, none.Containers],
      ["host", null, ["open"], "null", {}],
    );
    assert.equal(
      (await network("ls", "-f", "driver=host", "--format", "{{.Name}} {{.Containers}}")).stdout,
      "host open\n",
    );
    assert.equal((await network("ls", "-qf", "type=custom")).stdout, "closed\nsix\n");
    assert.equal(
      (await rig.run(["inspect", "--type", "network", "-f", "{{.Driver}}", "none"], options)).stdout,
      "null\n",
    );
    assert.equal((await rig.run(["rm", "-f", "open"], options)).code, 0);
  });

  it("has the labels that it was made with, by which ls finds it", async () => {
    assert.equal((await network("create", "--label", "tier=db", "--label", "own", "--attachable", "marked")).code, 0);
    assert.equal((await network("ls", "-qf", "label=tier=db")).stdout, "marked\n");
    assert.equal((await network("ls", "-qf", "label=tier=web")).stdout, "");
    assert.equal((await network("inspect", "-f", "{{json .Labels}}", "marked")).stdout, '{"own":"","tier":"db"}\n');
    assert.equal((await network("ls", "-f", "label=own", "--format", "{{.Labels}}")).stdout, "tier=db,own=\n");
    assert.match((await network("create", "--label", "=x", "x")).stderr, /--label takes KEY or KEY=VALUE, not "=x"/);
    assert.equal((await network("rm", "marked")).code, 0);
  });

  it("is left by prune where a container has it, whether that runs or not", async () => {
    for (const name of ["unused", "kept", "lived"]) assert.equal((await network("create", name)).code, 0);
    const web = await running("web", "--network", "lived");
    assert.equal((await rig.run(["create", "--image", "box", "--network", "kept", "made", "true"], options)).code, 0);
    assert.equal((await network("ls", "-q", "-f", "dangling=true")).stdout, "closed\nsix\nunused\n");
    assert.match((await network("ls", "-q", "-f", "dangling=false")).stdout, /(^|\n)kept\nlived\nnone\n$/);
    assert.equal((await network("prune", "-f", "--filter", "until=1h")).stdout, "");
    assert.deepEqual(await network("prune", "-f"), {
      code: 0,
      signal: null,
      stdout: "six\nclosed\nunused\n",
      stderr: "",
    });
    await ended(web);
    assert.equal((await network("prune", "-f")).stdout, "lived\n");
    assert.equal((await rig.run(["rm", "made"], options)).code, 0);
    assert.equal((await network("prune")).stdout, "kept\n");
    await makeNetworks();
  });

  it("needs root to be changed", async () => {
    const { code, stderr } = await rig.run(["network", "create", "x"], {
      prefix: ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"],
      env: { HOME: rig.directory, TINYDOCKER_ROOT: join(rig.directory, "user") },
    });
    assert.deepEqual(
      [code, stderr],
      [125, "tinydocker: only root can create the network x\n  run tinydocker as root\n"],
    );
  });
});

describe("a network with IPv6", () => {
  it("loses no first packet, to outside or between containers", async () => {
    const web = await running("web", "--network", "six");
    for (let i = 0; i < 10; i++) {
      for (const to of [OUTSIDE.ipv6, OUTSIDE.ipv4]) {
        const text = await printed("--network", "six", "c1", "ping", "-c", "1", "-W", "5", to);
        assert.ok(Number(/time=([\d.]+) ms/.exec(text)?.[1]) < 900, "the first was sent again after a second");
      }
      const script = "ping -6 -c 1 -W 5 $(grep web /etc/hosts | tail -n 1 | { read a b; echo $a; })";
      const text = await printed("--network", "six", "c1", "sh", "-c", script);
      assert.ok(Number(/time=([\d.]+) ms/.exec(text)?.[1]) < 900, "the first was sent again after a second");
    }
    await ended(web);
  });
});

describe("an internal network", () => {
  it("has no way out, but its containers reach each other", async () => {
    const web = await running("web", "--network", "closed");
    assert.match(await printed("--network", "closed", "c1", "ping", "-c", "1", "-W", "5", "web"), / 0% packet loss/);
    assert.notEqual((await run("--network", "closed", "c1", "ping", "-c", "1", "-W", "1", OUTSIDE.ipv4)).code, 0);
    await ended(web);
  });
});

describe("a container on several networks", () => {
  it("has a link on each, the way out through one that has it, and the names of all", async () => {
    const [a, b] = [await running("a", "--network", "six"), await running("b", "--network", "closed")];
    const text = await printed(
      "--network",
      "closed",
      "--network",
      "six",
      "c1",
      "sh",
      "-c",
      "ip -o -4 address; ip route; cat /etc/hosts",
    );
    assert.match(text, /eth0 .*172\.\d+/);
    assert.match(text, /eth1 .*10\.7\./);
    assert.match(text, /default via 10\.7\.0\.1 dev eth1/);
    assert.match(text, /10\.7\.0\.\d+\ta\n/);
    assert.match(text, /172\.\d+\.0\.\d+\tb\n/);
    await Promise.all([ended(a), ended(b)]);
  });

  it("is not reached from a network that it is not on", async () => {
    const web = await running("web", "--network", "closed");
    const [closed] = JSON.parse((await network("ls", "--json", "-f", "name=closed")).stdout);
    const address = closed.containers[0].ipv4;
    assert.equal(
      (await network("inspect", "-f", "{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}", "closed")).stdout,
      `web ${address}/${closed.subnet.split("/")[1]}\n`,
    );
    assert.notEqual((await run("--network", "six", "c1", "ping", "-c", "1", "-W", "1", address)).code, 0);
    await ended(web);
  });
});

describe("run's options of the network", () => {
  it("choose an address, names, name servers and hosts", async () => {
    const text = await printed(
      ...["--network", "six", "--ip", "10.7.0.77", "--ip6", "fd74:6400:a07::77", "--net-alias", "www"],
      ...["--mac-address", "02-42-AC-00-00-99", "--dns-option", "ndots:2"],
      ...[
        "--dns",
        "192.0.2.53",
        "--dns-search",
        "example.org",
        "--add-host",
        "x:192.0.2.1",
        "--add-host",
        "y=[2001:db8::5]",
      ],
      ...["--add-host", "machine:host-gateway", "--hostname", "h1", "c1"],
      ...["sh", "-c", "ip -o address show eth0; ip -o link show eth0; cat /etc/hosts /etc/resolv.conf; hostname"],
    );
    for (const part of [
      "10.7.0.77/24",
      "fd74:6400:a07::77/64",
      "10.7.0.77\th1 c1 www\n",
      "192.0.2.1\tx\n",
      "2001:db8::5\ty\n",
      "10.7.0.1\tmachine\n",
      "nameserver 192.0.2.53\nsearch example.org\noptions ndots:2\n",
      "02:42:ac:00:00:99",
      "h1\n",
    ])
      assert.ok(text.includes(part), `${part} in ${text}`);
  });

  it("are each network's own where it is named with them, as docker reads it", async () => {
    const text = await printed(
      "--network",
      "name=six,ip=10.7.0.60,ip6=fd74:6400:a07::60,alias=db,mac-address=02:42:ac:00:00:07",
      "--network",
      "name=closed,alias=store",
      ...["c1", "sh", "-c", "cat /etc/hosts /sys/class/net/eth0/address"],
    );
    const [, addressOfClosed] = /\n([\d.]+)\tc1 store\n/.exec(text) ?? assert.fail(text);
    assert.notEqual(addressOfClosed, "10.7.0.60");
    for (const part of ["10.7.0.60\tc1 db\n", "fd74:6400:a07::60\tc1 db\n", "02:42:ac:00:00:07\n"])
      assert.ok(text.includes(part), `${part} in ${text}`);
  });

  it("without a network's name are the first one's, as with docker", async () => {
    const text = await printed(
      "--network",
      "six",
      "--network",
      "closed",
      "--ip",
      "10.7.0.61",
      "c1",
      "ip",
      "-o",
      "address",
    );
    assert.match(text, /eth0 +inet 10\.7\.0\.61\/24/);
    assert.match(text, /eth1 +inet 172\./);
  });

  it("choose the default network by its name in docker's words, which no other can have", async () => {
    const address = ["c1", "ip", "-o", "-4", "address", "show", "eth0"];
    const subnetIn = (text: string) => /inet (\d+\.\d+)\./.exec(text)?.[1];
    assert.equal(subnetIn(await printed("--network", "default", ...address)), subnetIn(await printed(...address)));
    const { code, stderr } = await rig.run(["network", "create", "default"], options);
    assert.deepEqual(
      [code, stderr.split("\n")[0]],
      [125, "tinydocker: default can't be the name of a network: --network default means something else"],
    );
  });

  it("work on the machine's own network and on none", async () => {
    const host = await printed(
      "--network",
      "host",
      "--add-host",
      "x:192.0.2.1",
      "--dns",
      "192.0.2.53",
      "c1",
      "cat",
      "/etc/hosts",
      "/etc/resolv.conf",
    );
    assert.match(host, /192\.0\.2\.1\tx\nnameserver 192\.0\.2\.53\n/);
    const none = await printed("--network", "none", "--add-host", "x:192.0.2.1", "c1", "cat", "/etc/hosts");
    assert.match(none, /127\.0\.1\.1\tc1\n192\.0\.2\.1\tx\n$/);
  });

  for (const [words, message] of [
    [["--network", "six", "--ip", "10.7.0.1"], /10\.7\.0\.1 is an address that the network six keeps for itself/],
    [
      ["--network", "six", "--ip", "10.8.0.2"],
      /10\.8\.0\.2 is not one of the addresses of the network six, 10\.7\.0\.0\/24 and /,
    ],
    [["--network", "closed", "--ip6", "fd00::2"], /fd00::2 is not one of the addresses of the network closed/],
    [
      ["--network", "name=six,ip=10.7.0.9", "--network", "closed", "--ip", "10.7.0.8"],
      /name=six,ip=10\.7\.0\.9: --ip gives the first network another one/,
    ],
    [["--network", "closed", "-p", "8080:80"], /-p can't be used with --network closed: it is internal/],
    [["--network", "name=six", "--network", "six"], /the network six is named twice/],
    [["--network", "name=six,gw-priority=1"], /"gw-priority" is none of name, alias, ip, ip6, mac-address/],
    [["--network", "alias=a"], /--network alias=a: it has no name=/],
    [["--network", "name=host,ip=10.7.0.9"], /only a network that was made has fields: use --network host/],
    [["--network", "six", "--network", "six"], /the network six is named twice/],
    [["--network", "container:nosuch"], /there is no container nosuch/],
    [["--network", "a/b"], /"a\/b" can't be the name of a network/],
    [["--ip", "nonsense"], /--ip nonsense is not an address of IPv4/],
    [["--mac-address", "02:42:ac"], /--mac-address 02:42:ac is not a MAC address/],
    [["--mac-address", "01:00:5e:00:00:01"], /is not a MAC address of one link/],
    [["--net=none", "--mac-address", "02:42:ac:00:00:01"], /--mac-address can't be used with --network none/],
    [["--dns-opt", "a b"], /--dns-option "a b" is not a word of/],
    [["--dns", "example.org"], /--dns example\.org is not an address/],
    [["--dns-search", "a b"], /--dns-search: "a b" can't be a name/],
    [["--add-host", "x"], /--add-host x is not NAME:ADDR/],
    [["--add-host", "a b:192.0.2.1"], /--add-host: "a b" can't be a name/],
    [["--network-alias", "a\nb"], /--network-alias: "a\\nb" can't be a name/],
    [["--network", "six", "--link", "nosuch:db"], /there is no container nosuch/],
    [["--link", "web:a b"], /--link: "a b" can't be a name/],
    [["--network", "none", "--link", "web"], /--link can't be used with --network none/],
    [["--network", "none", "--network-alias", "a"], /--network-alias can't be used with --network none/],
    [["--network", "host", "--ip", "192.0.2.1"], /--ip can't be used with --network host/],
    [
      ["--network", "none", "--add-host", "x:host-gateway"],
      /--add-host NAME:host-gateway can't be used with --network none/,
    ],
  ] as const)
    it(`${words.join(" ")} are refused`, async () => {
      const { code, stdout, stderr } = await run(...words, "c1", "true");
      assert.deepEqual([code, stdout], [125, ""]);
      assert.match(stderr, message);
      assert.equal(stderr.split("\n").length, 3, "one line, and one with what to do");
    });

  it("refuse an address that another container has, until it ends", async () => {
    const web = await running("web", "--network", "six", "--ip", "10.7.0.50");
    assert.match(
      (await run("--network", "six", "--ip", "10.7.0.50", "c1", "true")).stderr,
      /10\.7\.0\.50 of the network six is in use by another container/,
    );
    await ended(web);
    assert.match(
      await printed("--network", "six", "--ip", "10.7.0.50", "c1", "ping", "-c", "1", "-W", "5", MACHINE.ipv4),
      / 0% packet loss/,
    );
  });
});
