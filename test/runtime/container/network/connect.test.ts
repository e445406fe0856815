import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { MACHINE, machine } from "../../../rig/machine.ts";
import { written } from "../../../rig/processes.ts";
import { importBusybox, outcomeOf, tinydocker } from "../../../rig/tinydocker.ts";
import { killedAt } from "../../killed-at.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const here = await machine({ after });
const options = { prefix: here.prefix, env: { TINYDOCKER_NETWORK: "" } };
const tried = (...words: readonly string[]) => rig.run(words, options);

/** Without a word on standard error. */
async function run(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await tried(...words);
  assert.deepEqual([code, stderr], [0, ""], words.join(" "));
  return stdout;
}

const SLEEP = ["sleep", "1000"];
const detach = (name: string, ...words: readonly string[]) =>
  run("run", "-d", "--image", "box", "--name", name, ...words, ...SLEEP);
const inside = (name: string, script: string) => run("exec", name, "sh", "-c", script);
const pings = (from: string, to: string) => run("exec", from, "ping", "-c", "1", "-W", "5", to);
const hosts = (name: string) => inside(name, "cat /etc/hosts");
/** Of IPv4, by link. */
const addresses = async (name: string): Promise<Readonly<Record<string, string | undefined>>> =>
  Object.fromEntries(
    [...(await inside(name, "ip -o -4 address")).matchAll(/: (eth\d+) +inet ([\d.]+)\//g)].map(([, link, ip]) => [
      link,
      ip,
    ]),
  );
const ways = (name: string) => inside(name, "ip route | grep default || true");
const networksIn = (name: string) =>
  run("inspect", "-f", "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}", name);
const membersOf = (network: string) =>
  run("network", "inspect", "-f", "{{range .Containers}}{{.Name}} {{end}}", network);
const cables = () => here.sh("ip -o link | grep -o 'td[0-9a-f]\\{8\\}@' || true");
const leases = () => JSON.parse(readFileSync(join(rig.root, "networks/leases"), "utf8")).leases;

before(async () => {
  await run("network", "create", "--subnet", "10.1.0.0/24", "a");
  await run("network", "create", "--subnet", "10.2.0.0/24", "b");
  await run("network", "create", "--subnet", "10.3.0.0/24", "--internal", "closed");
  await tried("network", "create", "--subnet", "10.6.0.0/24", "--ipv6", "six");
  // The first start switches on what the machine needs, and says so.
  await tried("run", "--image", "box", "--network", "six", "first", "true");
});

async function removeAll(): Promise<void> {
  const ids = (await run("ps", "-aq")).split("\n").filter((id) => id !== "");
  if (ids.length > 0) await run("rm", "-f", ...ids);
  assert.equal(await cables(), "");
  assert.deepEqual(leases(), []);
}

afterEach(removeAll);

describe("a container that runs", () => {
  it("gets a link on one more network, is known there, and keeps its way out", async () => {
    await detach("web", "--network", "a");
    await detach("db", "--network", "b");
    await run("network", "connect", "--ip", "10.2.0.77", "--alias", "www", "b", "web");
    const { eth0, eth1 } = await addresses("web");
    assert.match(eth0 ?? "", /^10\.1\.0\./);
    assert.equal(eth1, "10.2.0.77");
    assert.equal(await ways("web"), "default via 10.1.0.1 dev eth0 \n");
    assert.match(await pings("db", "www"), /10\.2\.0\.77.* 0% packet loss/s);
    assert.match(await pings("web", "db"), / 0% packet loss/);
    assert.match(await hosts("web"), /\n10\.2\.0\.77\tweb www\n/);
    assert.equal(await networksIn("web"), "a b \n");
    assert.equal(await membersOf("b"), "db web \n");
    assert.equal(await run("ps", "-f", "network=b", "--format", "{{.Names}} {{.Networks}}"), "db b\nweb a,b\n");
  });

  it("is off a network at once, which no other container then knows it on", async () => {
    await detach("web", "--network", "a", "--network", "b");
    await detach("db", "--network", "b");
    await run("network", "disconnect", "b", "web");
    assert.deepEqual(Object.keys(await addresses("web")), ["eth0"]);
    assert.doesNotMatch(await hosts("db"), /web/);
    assert.doesNotMatch(await hosts("web"), /db|10\.2\./);
    assert.equal(await networksIn("web"), "a \n");
    assert.equal(await membersOf("b"), "db \n");
    assert.equal(await run("ps", "-f", "network=b", "--format", "{{.Names}}"), "db\n");
  });

  it("goes out through another of its networks once it is off the one that led there", async () => {
    await detach("web", "--network", "a", "--network", "closed", "--network", "b");
    await run("network", "disconnect", "a", "web");
    assert.equal(await ways("web"), "default via 10.2.0.1 dev eth2 \n");
    assert.match(await pings("web", MACHINE.ipv4), / 0% packet loss/);
    await run("network", "disconnect", "b", "web");
    assert.equal(await ways("web"), "");
    await run("network", "connect", "a", "web");
    assert.equal(await ways("web"), "default via 10.1.0.1 dev eth0 \n");
    assert.match(await pings("web", MACHINE.ipv4), / 0% packet loss/);
  });

  it("has an address of IPv6 where the network has them", async () => {
    await detach("web", "--network", "a");
    await detach("db", "--network", "six");
    await run("network", "connect", "--ip6", "fd74:6400:a06::77", "six", "web");
    assert.match(await inside("web", "ip -o -6 address show eth1"), /fd74:6400:a06::77\/64/);
    assert.match(await pings("db", "fd74:6400:a06::77"), / 0% packet loss/);
  });

  it("is published through the network that it is left on, and nowhere once there is none", async () => {
    const page = "http://127.0.0.1:8080/page";
    const served = async () => (await here.sh(`busybox wget -qO- ${page} 2>&1 || true`)).trim();
    const script = "echo hello >/page; httpd -f -p 80 -h /";
    await run(
      ...["run", "-d", "--image", "box", "--network", "a", "-p", "8080:80", "--name", "web", "sh", "-c", script],
    );
    assert.equal(await served(), "hello");
    await run("network", "connect", "b", "web");
    await run("network", "disconnect", "a", "web");
    assert.equal(await served(), "hello");
    assert.equal(await here.sh(`busybox wget -qO- http://${MACHINE.ipv4}:8080/page`), "hello\n");
    await run("network", "disconnect", "b", "web");
    assert.match(await served(), /refused/);
    assert.equal(await run("port", "web"), "");
    assert.equal(await run("ps", "--format", "{{.Ports}}"), "\n");
    await run("network", "connect", "a", "web");
    assert.equal(await served(), "hello");
  });

  it("keeps the networks that hold it from rm and prune", async () => {
    await run("network", "create", "--label", "spare", "spare");
    await detach("web", "--network", "a");
    await run("network", "connect", "spare", "web");
    assert.match((await tried("network", "rm", "spare")).stderr, /the network spare is in use by web/);
    assert.equal(await run("network", "prune", "-f", "--filter", "label=spare"), "");
    await run("network", "disconnect", "spare", "web");
    assert.equal(await run("network", "rm", "spare"), "spare\n");
  });

  it("is connected in the foreground as in the background, and gone with it all at its end", async () => {
    const words = [
      "run",
      "--image",
      "box",
      "--network",
      "a",
      "-p",
      "8080:80",
      "web",
      "sh",
      "-c",
      "echo ready; read line",
    ];
    const web = rig.spawn(words, options);
    await once(web.stdout as NodeJS.ReadableStream, "data");
    await run("network", "connect", "b", "web");
    assert.match(await pings("web", "10.2.0.1"), / 0% packet loss/);
    assert.equal(await networksIn("web"), "a b \n");
    assert.equal(await run("ps", "--format", "{{.Networks}}"), "a,b\n");
    assert.match(
      (await tried("network", "disconnect", "a", "web")).stderr,
      /the published ports of the container web lead to it through the network a\n {2}run it with -d/,
    );
    await run("network", "disconnect", "b", "web");
    assert.deepEqual(Object.keys(await addresses("web")), ["eth0"]);
    assert.deepEqual(await outcomeOf(web, "end\n"), { code: 0, signal: null, stdout: "", stderr: "" });
  });

  it("is connected with each step explained, and how long it took, where that is asked for", async () => {
    await detach("web", "--network", "a");
    const { code, stderr } = await tried("network", "connect", "--explain", "b", "web");
    assert.equal(code, 0);
    assert.match(stderr, /^ {2}1 {2}write\("\S+\/networks\/leases", \{"container":"web",/);
    const [, step] =
      /^ *(\d+) {2}setns\(slot 1, CLONE_NEWNET\)\n {5}the network of a container that runs/m.exec(stderr) ?? [];
    assert.match(stderr, new RegExp(`^ *${step} +[\\d.]+ µs setns\\(slot 1, CLONE_NEWNET\\)$`, "m"));
    assert.match(stderr, /IFLA_IFNAME="eth1"/);
  });

  it("is connected while it is paused, as with docker", async () => {
    await detach("web", "--network", "a");
    await run("pause", "web");
    await run("network", "connect", "b", "web");
    await run("unpause", "web");
    assert.deepEqual(Object.keys(await addresses("web")), ["eth0", "eth1"]);
  });
});

describe("a container that its policy starts again", () => {
  const up = (times: number) => new RegExp(`(up\n[^]*){${times}}`);
  const log = join(rig.root, "monitors/web/log");
  const restarting = (...words: readonly string[]) =>
    run("run", "-d", "--restart", "always", "--image", "box", "--name", "web", ...words);
  const killed = async () => here.sh(`kill -9 ${await run("inspect", "-f", "{{.State.Pid}}", "web")}`);

  it("has the networks that it was on", async () => {
    const mac = "02:42:ac:00:00:07";
    await restarting("--network", `name=a,mac-address=${mac}`, "--network", "b", "sh", "-c", "echo up; sleep 1000");
    await detach("db", "--network", "closed");
    await run("network", "connect", "closed", "web");
    await run("network", "disconnect", "b", "web");
    const on = await addresses("web");
    assert.equal(await run("inspect", "-f", "{{.NetworkSettings.MacAddress}}", "web"), `${mac}\n`);
    for (const times of [2, 3]) {
      await killed();
      await written(log, up(times));
      assert.deepEqual(await addresses("web"), on);
      assert.equal(await ways("web"), "default via 10.1.0.1 dev eth0 \n");
      assert.equal(await inside("web", "cat /sys/class/net/eth0/address"), `${mac}\n`);
      assert.match(await pings("db", "web"), / 0% packet loss/);
    }
  });

  it("leaves alone the container that has an address of a network that it was taken off", async () => {
    await restarting("--network", "a", "--ip", "10.1.0.50", "sh", "-c", "echo up; sleep 1000");
    await run("network", "disconnect", "a", "web");
    await detach("other", "--network", "a", "--ip", "10.1.0.50");
    await killed();
    await written(log, up(2));
    assert.match(await pings("other", "10.1.0.1"), / 0% packet loss/);
  });

  it("can be connected between two starts", async () => {
    await restarting("--network", "a", "sh", "-c", "ip link show eth1 && echo up && sleep 1000; echo down; exit 1");
    await written(log, /down\n/);
    await run("network", "connect", "b", "web");
    await written(log, up(1));
    assert.equal(await networksIn("web"), "a b \n");
  });

  it("has, once it was stopped and started, what it is to be on by then", async () => {
    await restarting("--network", "a", "sh", "-c", "echo up; sleep 1000");
    await run("network", "connect", "b", "web");
    await run("stop", "-t0", "web");
    await run("network", "disconnect", "a", "web");
    await run("start", "web");
    await killed();
    await written(log, up(3));
    assert.match((await addresses("web"))["eth0"] ?? "", /^10\.2\./);
  });
});

describe("a container that does not run", () => {
  it("is on the networks that it was connected to once it is started, whose address and names it has then", async () => {
    await run("create", "--image", "box", "--network", "a", "--name", "web", ...SLEEP);
    await run("network", "connect", "--ip", "10.2.0.88", "--alias", "www", "b", "web");
    assert.equal(await networksIn("web"), "a b \n");
    assert.deepEqual(leases(), []);
    assert.doesNotMatch(await run("network", "ls", "-qf", "dangling=true"), /^b$/m);
    await run("start", "web");
    assert.equal((await addresses("web"))["eth1"], "10.2.0.88");
    assert.match(await hosts("web"), /10\.2\.0\.88\tweb www/);
    await run("stop", "-t0", "web");
    await run("network", "disconnect", "a", "web");
    await run("start", "web");
    assert.deepEqual(await addresses("web"), { eth0: "10.2.0.88" });
  });

  it("starts with no network but its own loopback, and no port, once it was taken off all", async () => {
    await run("create", "--image", "box", "--network", "a", "-p", "8080:80", "--name", "web", ...SLEEP);
    await run("network", "disconnect", "a", "web");
    await run("start", "web");
    assert.equal(await networksIn("web"), "\n");
    assert.equal(await inside("web", "ip -o link | wc -l"), "1\n");
    assert.equal(await here.sh("ss -Hlnt"), "");
    await run("network", "connect", "b", "web");
    assert.match(await pings("web", MACHINE.ipv4), / 0% packet loss/);
  });
});

describe("network connect and disconnect", () => {
  it("are refused for what can't be, in one line and one with what to do, and change nothing", async () => {
    for (const [name, mode] of [
      ["alone", "none"],
      ["machines", "host"],
    ] as const)
      await run("create", "--image", "box", "--network", mode, "--name", name, ...SLEEP);
    await run("create", "--image", "box", "--network", "a", "--name", "made", ...SLEEP);
    await detach("up", "--network", "a", "--ip", "10.1.0.40");
    await run("create", "--image", "box", "--network", "container:up", "--name", "joining", ...SLEEP);

    const state = async () => [await run("inspect", "up", "made", "alone"), await cables(), leases()];
    const unchanged = await state();
    for (const [words, message] of [
      [["connect", "a", "up"], /the container up is on the network a already/],
      [["connect", "a", "made"], /the container made is on the network a already/],
      [["connect", "nosuch", "up"], /there is no network nosuch/],
      [["connect", "nosuch", "made"], /there is no network nosuch/],
      [["connect", "b", "nosuch"], /there is no container nosuch/],
      [["connect", "host", "up"], /a container can't be connected to host: it has that from its start, or never/],
      [["connect", "none", "made"], /a container can't be connected to none/],
      [["connect", "b", "alone"], /the container alone can't be connected: it was made with no network \(none\)/],
      [["connect", "b", "machines"], /can't be connected: it has the machine's own network \(host\)/],
      [["connect", "b", "joining"], /can't be connected: it has the network of another container/],
      [["connect", "--ip", "10.1.0.9", "b", "up"], /10\.1\.0\.9 is not one of the addresses of the network b/],
      [["connect", "--ip", "10.1.0.9", "b", "made"], /10\.1\.0\.9 is not one of the addresses of the network b/],
      [["connect", "--ip", "10.2.0.1", "b", "made"], /10\.2\.0\.1 is an address that the network b keeps for itself/],
      [["connect", "--ip6", "fd00::5", "b", "up"], /fd00::5 is not one of the addresses of the network b/],
      [["connect", "--ip", "x", "b", "up"], /--ip x is not an address of IPv4/],
      [["connect", "--alias", "a b", "b", "up"], /--alias: "a b" can't be a name in the network/],
      [["connect", "--link", "x:y", "b", "up"], /network connect has no --link/],
      [["connect", "b"], /the name of the container is missing/],
      [["disconnect", "b", "up"], /the container up is not on the network b/],
      [["disconnect", "b", "made"], /the container made is not on the network b/],
      [["disconnect", "host", "up"], /a container can't be disconnected from host/],
      [["disconnect", "-f", "b", "nosuch"], /there is no container nosuch/],
    ] as const) {
      const { code, stdout, stderr } = await tried("network", ...words);
      assert.deepEqual([code, stdout], [125, ""], words.join(" "));
      assert.match(stderr, message);
      assert.equal(stderr.split("\n").length, 3, stderr);
    }
    await detach("taken", "--network", "b", "--ip", "10.2.0.9");
    assert.match(
      (await tried("network", "connect", "--ip", "10.2.0.9", "b", "up")).stderr,
      /the address 10\.2\.0\.9 of the network b is in use by another container/,
    );
    await run("rm", "-f", "taken");
    assert.deepEqual(await state(), unchanged);
  });
});

describe("network connect and disconnect beside another command", () => {
  const STARTS = [
    ["start", "web"],
    ["restart", "-t0", "web"],
    ["network", "connect", "b", "web"],
    ["network", "disconnect", "b", "web"],
  ] as const;
  const ENDS = [
    ["stop", "-t0", "web"],
    ["kill", "web"],
    ["rename", "web", "www"],
    ["rm", "-f", "web"],
  ] as const;

  /** A container that runs is on what inspect says, and no other has a lease. */
  async function agrees(what: string): Promise<void> {
    const [name] = (await run("ps", "-q", "--format", "{{.Names}}")).split("\n");
    if (name === "" || name === undefined) return assert.deepEqual(leases(), []);
    await tried("unpause", name);
    const links = Object.values(await addresses(name)).map((address) => (address?.startsWith("10.1.") ? "a" : "b"));
    assert.deepEqual(links.sort(), (await networksIn(name)).trim().split(" "), what);
    const [lease] = leases();
    assert.deepEqual(lease.attachments.map(({ network }: { network: string }) => network).sort(), links, what);
  }

  for (const verb of ["connect", "disconnect"])
    for (const isUp of [true, false])
      it(`end with one of the two first, and what they leave is true: ${verb} one that ${isUp ? "runs" : "does not"}`, async () => {
        for (const other of isUp ? [...STARTS, ...ENDS] : STARTS) {
          await run("create", "--image", "box", "--network", "a", "--name", "web", ...SLEEP);
          if (verb === "disconnect") await run("network", "connect", "b", "web");
          if (isUp) await run("start", "web");
          const both = await Promise.all([tried("network", verb, "b", "web"), tried(...other)]);
          for (const { code, stderr } of both) {
            assert.ok(code === 0 || code === 125, `${other.join(" ")}: ${code} ${stderr}`);
            assert.doesNotMatch(stderr, /\n {4}at |report it as a bug|damaged|clean up/, other.join(" "));
          }
          // Its monitor undoes the rest, which stop waits for.
          if (other[0] === "kill") await tried("stop", "web");
          await agrees(other.join(" ") + JSON.stringify(both));
          await removeAll();
        }
      });
});

describe("network connect and disconnect, killed at any step", () => {
  const CALLS = "rename,renameat,renameat2,flock,fsync,pidfd_open,unlink";

  /** Everything that says which networks it is on says the same. */
  async function truth(): Promise<boolean> {
    const isOn = (await networksIn("web")) === "a b \n";
    const links = isOn ? ["eth0", "eth1"] : ["eth0"];
    assert.equal(await networksIn("web"), isOn ? "a b \n" : "a \n");
    assert.deepEqual(Object.keys(await addresses("web")), links);
    assert.equal(await membersOf("b"), isOn ? "db web \n" : "db \n");
    assert.equal(/web/.test(await hosts("db")), isOn);
    assert.equal((await cables()).split("\n").length - 1, links.length + 1);
    if (isOn) assert.match(await pings("db", "web"), / 0% packet loss/);
    assert.equal(await ways("web"), "default via 10.1.0.1 dev eth0 \n");
    return isOn;
  }

  const killed = (calls: string, n: number, verb: string) => {
    const prefix = [...here.prefix, ...killedAt(rig.directory, calls, n)];
    return rig.run(["network", verb, "b", "web"], { ...options, prefix });
  };

  for (const verb of ["connect", "disconnect"])
    it(`leave a container on the network or off it, and nothing else: ${verb}`, async () => {
      await detach("web", "--network", "a");
      await detach("db", "--network", "b");
      for (let [n, isDone] = [1, false]; !isDone; n += 1) {
        const isOn = await truth();
        if (isOn && verb === "connect") await run("network", "disconnect", "b", "web");
        if (!isOn && verb === "disconnect") await run("network", "connect", "b", "web");
        isDone = (await killed(CALLS, n, verb)).code === 0;
        if (isDone) assert.equal(await truth(), verb === "connect");
      }
    });

  it("leave it off where only the process that makes the link was killed, which is said", async () => {
    await detach("web", "--network", "a");
    await detach("db", "--network", "b");
    const { code, stderr } = await killed("setns", 1, "connect");
    assert.deepEqual(
      [code, stderr.split("\n")[0]],
      [125, "tinydocker: the process in the container's network ended before it was done: killed by SIGKILL"],
    );
    assert.equal(await truth(), false);
  });
});
