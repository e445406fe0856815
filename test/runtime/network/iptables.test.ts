import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { MACHINE, machine, OUTSIDE } from "../../rig/machine.ts";
import { importBusybox, outcomeOf, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const here = await machine({ after });
const library = /=> (\S*libnftables\.so\.1)/.exec(execFileSync("ldconfig", ["-p"], { encoding: "utf8" }))?.[1] ?? "";
const without = (path: string) => [
  "unshare",
  "--mount",
  "sh",
  "-c",
  `mount --bind /dev/null ${path} && exec "$@"`,
  "sh",
];
const options = (...prefix: readonly string[]) => ({
  prefix: [...here.prefix, ...without(library), ...prefix],
  env: { TINYDOCKER_NETWORK: "" },
});
const run = (...words: readonly string[]) => rig.run(["run", "--image", "box", ...words], options());

describe("on a machine without libnftables", () => {
  before(async () => {
    assert.equal((await run("first", "true")).code, 0);
  });

  it("a container reaches outside, and its published port is reached, by rules of iptables", async () => {
    assert.match((await run("c1", "ping", "-c", "1", "-W", "5", OUTSIDE.ipv4)).stdout, / 0% packet loss/);
    const serve = "mkdir /srv; echo hello >/srv/x; httpd -p 80 -h /srv; echo ready; read line";
    const words = ["run", "--image", "box", "-p", "8080:80", "web", "sh", "-c", serve];
    const web = rig.spawn(words, options());
    await once(web.stdout as NodeJS.ReadableStream, "data");
    const fetch = `printf "GET /x HTTP/1.0\\r\\n\\r\\n" | busybox nc -w 5 ${MACHINE.ipv4} 8080 | tail -n 1`;
    assert.equal(await here.outside.sh(fetch), "hello\n");
    assert.equal(await here.sh(fetch), "hello\n");
    assert.equal((await run("c1", "sh", "-c", fetch)).stdout, "hello\n");
    assert.match(await here.sh("iptables-save"), /--dport 8080 -j DNAT/);
    await outcomeOf(web, "end\n");
    assert.doesNotMatch(await here.sh("iptables-save"), /8080/);
  });

  it("has the rules once, however many starts, also with a policy that drops what is forwarded", async () => {
    await here.sh("iptables -P FORWARD DROP");
    const before = await here.sh("iptables-save | grep -v ^#");
    const { stdout, stderr } = await run("c1", "ping", "-c", "1", "-W", "5", OUTSIDE.ipv4);
    assert.match(stdout, / 0% packet loss/);
    assert.equal(stderr, "");
    assert.equal(await here.sh("iptables-save | grep -v ^#"), before);
  });

  it("the rules go with the last network", async () => {
    const removed = await rig.run(["network", "rm", "--force", "bridge"], options());
    assert.deepEqual([removed.code, removed.stderr], [0, ""]);
    assert.doesNotMatch(await here.sh("iptables-save; ip6tables-save"), /TD-/);
  });

  it("and without iptables, a container that was not asked to have a network has none, and that is said", async () => {
    const words = ["run", "--image", "box", "c1", "ip", "-o", "link"];
    const { code, stdout, stderr } = await rig.run(words, options("env", "PATH=/nowhere"));
    assert.equal(code, 0);
    assert.match(stdout, /^1: lo: [^\n]*\n$/);
    assert.match(
      stderr,
      /^tinydocker: warning: the container has no network: can't declare the rules of the networks: iptables-restore is not installed\n[^\n]*\n$/,
    );
  });

  it("but one that was asked for is refused, with what to install", async () => {
    const { code, stdout, stderr } = await rig.run(
      ["run", "--image", "box", "--network", "bridge", "c1", "true"],
      options("env", "PATH=/nowhere"),
    );
    assert.deepEqual([code, stdout], [125, ""]);
    assert.match(
      stderr,
      /^tinydocker: can't declare the rules of the networks: [^\n]*\n {2}apt-get install libnftables1, or iptables; [^\n]*\n$/,
    );
  });
});
