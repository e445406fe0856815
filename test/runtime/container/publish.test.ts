import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { MACHINE, machine, OUTSIDE, type Place, SERVER, serving } from "../../rig/machine.ts";
import { importBusybox, outcomeOf, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const here = await machine({ after });
const options = { prefix: here.prefix, env: { TINYDOCKER_NETWORK: "" } };
const run = (...words: readonly string[]) => rig.run(["run", "--image", "box", ...words], options);

/** A container that serves the word `hello` at its ports 80 and 81, until its input ends. */
async function webServer(name: string, ...published: readonly string[]): Promise<ChildProcess> {
  const serve = "mkdir /srv; echo hello >/srv/x; httpd -p 80 -h /srv; httpd -p 81 -h /srv; echo ready; read line";
  const child = rig.spawn(["run", "--image", "box", ...published, name, "sh", "-c", serve], options);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

const FETCH = (address: string, port: number) =>
  `printf "GET /x HTTP/1.0\\r\\n\\r\\n" | busybox nc -w 5 ${address} ${port} 2>&1 | tail -n 1`;
const fetchFrom = (place: Place, address: string, port = 8080) => place.sh(FETCH(address, port));
const fetchInside = async (name: string, address: string, port = 8080) =>
  (await run(name, "sh", "-c", FETCH(address, port))).stdout;

before(async () => {
  assert.equal((await run("first", "true")).code, 0);
});

describe("a published port", () => {
  let web: ChildProcess;
  before(async () => {
    web = await webServer("web", "-p", "8080:80");
  });
  after(async () => {
    assert.equal((await outcomeOf(web, "end\n")).code, 0);
  });

  for (const [from, place, address] of [
    ["outside", here.outside, MACHINE.ipv4],
    ["outside, over IPv6", here.outside, MACHINE.ipv6],
    ["the machine, by its address", here, MACHINE.ipv4],
    ["the machine, by 127.0.0.1", here, "127.0.0.1"],
    ["the machine, by [::1]", here, "::1"],
    ["the machine, by its address of IPv6", here, MACHINE.ipv6],
  ] as const)
    it(`is reached from ${from}`, async () => assert.equal(await fetchFrom(place, address), "hello\n"));

  it("is listed as docker lists it: with each address of this machine and the port in the container", async () => {
    const asked = async (...words: string[]) => (await rig.run(words, options)).stdout;
    assert.equal(
      await asked("ps", "-f", "name=web", "--format", "{{.Ports}}"),
      "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp\n",
    );
    assert.equal(await asked("port", "web"), "80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n");
    assert.equal(await asked("port", "web", "80"), "0.0.0.0:8080\n[::]:8080\n");
    const bound = await asked(
      "inspect",
      "-f",
      "{{json .NetworkSettings.Ports}} {{json .HostConfig.PortBindings}}",
      "web",
    );
    const both = '[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}]';
    assert.equal(bound, `{"80/tcp":${both}} {"80/tcp":[{"HostIp":"","HostPort":"8080"}]}\n`);
  });

  it("is reached from another container, which also knows the container by name", async () => {
    assert.equal(await fetchInside("c1", MACHINE.ipv4), "hello\n");
    assert.equal(await fetchInside("c1", "web", 80), "hello\n");
  });

  it("is reached from the container itself", async () => {
    const serve = `mkdir /srv; echo hello >/srv/x; httpd -p 80 -h /srv; ${FETCH(MACHINE.ipv4, 8081)}`;
    assert.equal((await run("-p", "8081:80", "self", "sh", "-c", serve)).stdout, "hello\n");
  });

  it("is the only way in: the container's own address is not reached from outside", async () => {
    const address = (await run("c1", "grep", "web", "/etc/hosts")).stdout.split("\t")[0] ?? "";
    await here.outside.sh(`ip route add ${address}/32 via ${MACHINE.ipv4}`);
    assert.doesNotMatch(await fetchFrom(here.outside, address, 80), /hello/);
    assert.doesNotMatch(await fetchFrom(here.outside, MACHINE.ipv4, 81), /hello/);
    assert.equal(await fetchFrom(here, address, 80), "hello\n");
  });

  it("is refused to a second container, and to anything else, by name", async () => {
    const taken = await run("-p", "127.0.0.1:8080:80", "c1", "true");
    assert.deepEqual([taken.code, taken.stdout], [125, ""]);
    assert.match(
      taken.stderr,
      /^tinydocker: the port 127\.0\.0\.1:8080\/tcp of this machine is in use by the container web\n/,
    );
  });

  it("shows the client's own address to the container when it comes from outside", async () => {
    const words = ["run", "-p", "7000:7000", "who", process.execPath, "-e", SERVER, "--", "0.0.0.0", "7000"];
    const child = rig.spawn(words, options);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    assert.equal(await here.outside.sh(`busybox nc ${MACHINE.ipv4} 7000 </dev/null`), `${OUTSIDE.ipv4}\n`);
    child.kill("SIGKILL");
    await outcomeOf(child);
  });
});

describe("-P", () => {
  it("publishes each port that the image exposes at one of this machine's, in the background too, as port says", async () => {
    const does = async (...words: string[]) => {
      const { code, stdout, stderr } = await rig.run(words, options);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    await does("create", "--image", "box", "base", "true");
    await does("commit", "-c", "EXPOSE 80 53/udp", "base", "exposing:1");
    const serve = "mkdir /srv; echo hello >/srv/x; httpd -p 80 -h /srv; echo ready; exec sleep 1000";
    await does("run", "-d", "-P", "-p", "7010:81", "--image", "exposing:1", "web", "sh", "-c", serve);
    const log = rig.spawn(["logs", "-f", "web"], options);
    await once(log.stdout as NodeJS.ReadableStream, "data");
    const ports = await does("port", "web");
    const [, web = "", dns = ""] =
      /^81\/tcp -> 0\.0\.0\.0:7010\n.*\n80\/tcp -> 0\.0\.0\.0:(\d+)\n.*\n53\/udp -> 0\.0\.0\.0:(\d+)\n/.exec(ports) ??
      [];
    assert.notEqual(web, dns, ports);
    assert.equal(await fetchFrom(here.outside, MACHINE.ipv4, Number(web)), "hello\n");
    await does("stop", "-t", "0", "web");
    assert.equal(await does("port", "web"), "");
    assert.equal(
      await does("inspect", "-f", "{{len .NetworkSettings.Ports}} {{len .HostConfig.PortBindings}}", "web"),
      "0 3\n",
    );
    const stopped = await rig.run(["port", "web", "80"], options);
    assert.deepEqual(
      [stopped.code, stopped.stderr],
      [125, "tinydocker: the container web is not running: it is stopped\n"],
    );
    await does("rm", "-f", "web", "base");
    assert.equal((await outcomeOf(log)).code, 0);
    await does("run", "-d", "-P", "--expose", "8000-8001", "--image", "exposing:1", "more", "sleep", "1000");
    const published = [...(await does("port", "more")).matchAll(/^(\S+) -> 0\.0\.0\.0:/gm)].map(([, port]) => port);
    assert.deepEqual(published.toSorted(), ["53/udp", "80/tcp", "8000/tcp", "8001/tcp"]);
    await does("commit", "more", "exposing:2");
    const said = await does("image", "inspect", "-f", "{{json .Config.ExposedPorts}}", "exposing:2");
    assert.deepEqual(JSON.parse(said), { "53/udp": {}, "80/tcp": {}, "8000/tcp": {}, "8001/tcp": {} });
    await does("rm", "-f", "more");
    await does("rmi", "exposing:1", "exposing:2");
  });
});

describe("-p", () => {
  it("gives containers that start at the same moment a port each of the same range", async () => {
    const names = ["r1", "r2", "r3", "r4"];
    const started = await Promise.all(
      names.map((name) =>
        rig.run(["run", "-d", "--image", "box", "-p", "7020-7023:80", name, "sleep", "1000"], options),
      ),
    );
    assert.deepEqual(
      started.map(({ code }) => code),
      [0, 0, 0, 0],
      JSON.stringify(started),
    );
    const said = started.map(
      ({ stderr }) => /^tinydocker: 80\/tcp of r\d is port (\d+) of this machine\n$/.exec(stderr)?.[1],
    );
    assert.deepEqual(said.toSorted(), ["7020", "7021", "7022", "7023"]);
    const { code, stderr } = await rig.run(["run", "--image", "box", "-p", "7020-7023:80", "r5", "true"], options);
    assert.deepEqual(
      [code, stderr.split("\n")[0]],
      [125, "tinydocker: -p 7020-7023:80: each of these ports of this machine is in use"],
    );
    assert.equal((await rig.run(["rm", "-f", ...names], options)).code, 0);
  });

  it("takes ranges, an address, and UDP", async () => {
    const web = await webServer("web", "-p", "7000-7001:80-81", "-p", "127.0.0.1:7002:80", "-p", "[::1]:7003:80");
    assert.equal(await fetchFrom(here.outside, MACHINE.ipv4, 7001), "hello\n");
    assert.equal(await fetchFrom(here, "127.0.0.1", 7002), "hello\n");
    assert.equal(await fetchFrom(here, "::1", 7003), "hello\n");
    assert.doesNotMatch(await fetchFrom(here.outside, MACHINE.ipv4, 7002), /hello/);
    assert.doesNotMatch(await fetchFrom(here, MACHINE.ipv4, 7003), /hello/);
    await outcomeOf(web);

    const echo = `const s = require("node:dgram").createSocket("udp4");
      s.on("message", (m, r) => s.send(m, r.port, r.address)).bind(53, () => console.log("ready"));
      process.stdin.on("end", () => process.exit()).resume();`;
    const server = rig.spawn(["run", "-p", "5300:53/udp", "udp", process.execPath, "-e", echo], options);
    await once(server.stdout as NodeJS.ReadableStream, "data");
    const ask = (type: string, address: string) => `node -e '
      const s = require("node:dgram").createSocket("${type}");
      s.on("message", (m) => { console.log(String(m)); s.close(); }).send("hello", 5300, "${address}");
      setTimeout(() => process.exit(1), 10000).unref();'`;
    assert.equal(await here.outside.sh(ask("udp4", MACHINE.ipv4)), "hello\n");
    assert.equal(await here.sh(ask("udp4", "127.0.0.1")), "hello\n");
    assert.equal(await here.sh(ask("udp6", "::1")), "hello\n");
    await outcomeOf(server);

    const words = ["run", "-di", "-p", "5301:53/udp", "udp", process.execPath, "-e", echo];
    const detached = await rig.run(words, options);
    assert.equal(detached.code, 0, detached.stderr);
    assert.doesNotMatch(detached.stderr, /Warning/);
    assert.equal((await rig.run(["rm", "-f", "udp"], options)).code, 0);
  });

  it("leads a client of UDP that goes on sending from its port to the next container that has the port", async () => {
    const name = `const { hostname } = require("node:os"), s = require("node:dgram").createSocket("udp4");
      s.on("message", (m, r) => s.send(hostname(), r.port, r.address)).bind(53, () => console.log("ready"));
      process.stdin.on("end", () => process.exit()).resume();`;
    const serveUdp = async (container: string) => {
      const server = rig.spawn(["run", "-p", "5302:53/udp", container, process.execPath, "-e", name], options);
      await once(server.stdout as NodeJS.ReadableStream, "data");
      return server;
    };
    const client = `const s = require("node:dgram").createSocket("udp4");
      s.on("message", (m) => console.log(String(m))).on("error", () => {});
      s.bind(5555, () => setInterval(() => s.send("who", 5302, "${MACHINE.ipv4}"), 50));`;
    const first = await serveUdp("udp1");
    const [program = "", ...words] = [...here.outside.prefix, process.execPath, "-e", client];
    const asking = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
    const answers = createInterface(asking.stdout)[Symbol.asyncIterator]();
    assert.equal((await answers.next()).value, "udp1");
    await outcomeOf(first);
    const second = await serveUdp("udp2");
    let answer = await answers.next();
    while (answer.value === "udp1") answer = await answers.next();
    assert.equal(answer.value, "udp2");
    asking.kill();
    await outcomeOf(second);
  });

  it("refuses what another program listens at, naming it, and an address that the machine does not have", async () => {
    const server = await serving(here, "127.0.0.1", 7100);
    const taken = await run("-p", "7100:80", "c1", "true");
    assert.equal(taken.code, 125);
    assert.match(taken.stderr, new RegExp(`the port 7100/tcp of this machine is in use by process ${server.pid} \\(`));
    server.kill();
    const foreign = await run("-p", "192.0.2.7:7101:80", "c1", "true");
    assert.match(
      foreign.stderr,
      /can't publish 192\.0\.2\.7:7101\/tcp: 192\.0\.2\.7 is not an address of this machine/,
    );
    for (const mode of ["none", "host"]) {
      const { code, stderr } = await run("-p", "80:80", "--network", mode, "c1", "true");
      assert.equal(code, 125);
      assert.match(stderr, new RegExp(`-p can't be used with --network ${mode}: `));
    }
  });

  it("frees the port at the end, and also when tinydocker is killed", async () => {
    const web = await webServer("web", "-p", "8080:80");
    web.kill("SIGKILL");
    await once(web, "exit");
    const again = await webServer("web2", "-p", "8080:80");
    assert.equal(await fetchFrom(here.outside, MACHINE.ipv4), "hello\n");
    await outcomeOf(again);
    assert.doesNotMatch(await fetchFrom(here.outside, MACHINE.ipv4), /hello/);
    assert.doesNotMatch(await here.sh("nft list ruleset"), /8080/);
  });

  it("survives another tool's flush of the rules at the next start", async () => {
    const web = await webServer("web", "-p", "8080:80");
    await here.sh("nft flush ruleset");
    assert.equal((await run("c1", "true")).code, 0);
    assert.equal(await fetchFrom(here.outside, MACHINE.ipv4), "hello\n");
    await outcomeOf(web);
  });
});
