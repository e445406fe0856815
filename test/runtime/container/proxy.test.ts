import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { readJournal } from "../../../runtime/state/journal.ts";
import { MACHINE, machine } from "../../rig/machine.ts";
import { gone, kill } from "../../rig/processes.ts";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const here = await machine({ after });
const options = { prefix: here.prefix, env: { TINYDOCKER_NETWORK: "" } };

async function succeeds(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await rig.run(words, options);
  assert.equal(code, 0, `${words.join(" ")}: ${stderr}`);
  return stdout;
}

const WEB = "mkdir -p /srv; echo hello >/srv/x; exec httpd -f -p 80 -h /srv";
const detach = (name: string, ...words: string[]) =>
  succeeds("run", "-d", "--image", "box", ...words, name, "sh", "-c", WEB);

/** What comes back of a request; nothing, or words of nc, where nobody answers. */
const fetched = (address: string) =>
  here.sh(`printf "GET /x HTTP/1.0\\r\\n\\r\\n" | busybox nc -w 5 ${address} 8080 2>&1 | tail -n 1`);

function proxyOf(name: string): number {
  const path = join(rig.root, "locks", name);
  const fd = openSync(path, "r");
  try {
    const { entries } = readJournal(fd, path);
    return entries.flatMap(({ resource }) => (resource.kind === "helper" ? [resource.pid] : [])).at(-1) ?? 0;
  } finally {
    closeSync(fd);
  }
}

/** Of Node.js, with its arguments: a program that writes 48 MB and, at the same time, counts what it reads. */
const BOTH_WAYS = `
const socket = (take) => { take.write(Buffer.alloc(48 << 20)); take.end(); };
const count = (take, done) => { let sum = 0; take.on("data", (some) => { sum += some.length; }).on("end", () => done(sum)); };`;
const SERVER = `${BOTH_WAYS}
require("node:net").createServer({ allowHalfOpen: true }, (take) => { socket(take); count(take, () => {}); }).listen(80, () => console.log("ready"));`;
/** It reads nothing before all that it writes is taken. */
const CLIENT = `${BOTH_WAYS}
const take = require("node:net").connect({ host: "::1", port: 8080, allowHalfOpen: true });
take.pause();
take.on("connect", () => socket(take)).on("finish", () => { count(take, (sum) => { console.log(sum); take.destroy(); }); take.resume(); });`;

before(() => succeeds("run", "--image", "box", "first", "true"));

afterEach(async () => {
  for (const name of ["web", "other"]) await rig.run(["rm", "-f", name], options);
  assert.deepEqual(readdirSync(join(rig.root, "locks")), []);
});

describe("a published port of a container in the background", () => {
  it("is reached from the machine itself after the command has ended, until it is stopped, and again after a start", async () => {
    await detach("web", "-p", "8080:80");
    for (const address of ["127.0.0.1", "::1", MACHINE.ipv4, MACHINE.ipv6])
      assert.equal(await fetched(address), "hello\n");
    assert.equal(await succeeds("port", "web"), "80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n");
    const proxy = proxyOf("web");
    await succeeds("stop", "-t", "0", "web");
    await gone(proxy);
    for (const address of ["127.0.0.1", "::1", MACHINE.ipv4]) assert.doesNotMatch(await fetched(address), /hello/);
    await detach("other", "-p", "8080:80");
    const { code, stderr } = await rig.run(["start", "web"], options);
    assert.equal(code, 125);
    assert.match(stderr, /the port 8080\/tcp of this machine is in use by the container other/);
    await succeeds("rm", "-f", "other");
    await succeeds("start", "web");
    for (const address of ["127.0.0.1", "::1"]) assert.equal(await fetched(address), "hello\n");
  });

  it("loses nothing that comes while the container is being started: it would come again a second later", async () => {
    const lost = () =>
      here.sh(
        `awk '$1 == "TcpExt:" { for (i = 1; i <= NF; i++) if (name[i] == "TCPSynRetrans") print $i; else name[i] = $i }' /proc/net/netstat`,
      );
    const before = await lost();
    const asking = here.sh(
      `until printf "GET /x HTTP/1.0\\r\\n\\r\\n" | busybox nc -w 5 127.0.0.1 8080 2>/dev/null | grep -q hello; do :; done`,
    );
    await detach("web", "-p", "8080:80");
    await asking;
    assert.equal(await lost(), before);
  });

  it("stays the container's after kill -9 of what passes it on, which the next start makes again", async () => {
    await detach("web", "-p", "8080:80");
    const proxy = proxyOf("web");
    kill(proxy);
    await gone(proxy);
    assert.doesNotMatch(await fetched("127.0.0.1"), /hello/);
    // That way leads past it.
    assert.equal(await fetched(MACHINE.ipv4), "hello\n");
    assert.match(await succeeds("ps", "--format", "{{.Status}}"), /^Up /);
    await succeeds("restart", "-t", "0", "web");
    assert.notEqual(proxyOf("web"), proxy);
    for (const address of ["127.0.0.1", "::1"]) assert.equal(await fetched(address), "hello\n");
  });

  it("carries both directions at once, and neither waits for the other", async () => {
    await succeeds("run", "-d", "-p", "8080:80", "web", process.execPath, "-e", SERVER);
    const log = rig.spawn(["logs", "-f", "web"], options);
    await once(log.stdout ?? assert.fail(), "data");
    log.kill("SIGKILL");
    await once(log, "close");
    assert.equal(await here.sh(`timeout 60 ${process.execPath} -e '${CLIENT}'`), `${48 << 20}\n`);
  });
});
