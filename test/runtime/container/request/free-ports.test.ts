import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { publishedForAll, withHostPorts } from "../../../../runtime/container/request/free-ports.ts";

test("each port that the image names gets one of this machine, unless it has one", async () => {
  const published = await publishedForAll(["8080:80/TCP"], { ExposedPorts: ["80/tcp", "53/udp", "99", "bad"] });
  assert.equal(published.length, 2);
  assert.match(published.join(" "), /^\d+:53\/udp \d+:99\/tcp$/);
});

test("a port of the container alone, or with none or 0 of this machine, gets one of this machine, each another one", async () => {
  const published = await withHostPorts(["80", "53/udp", "127.0.0.1::80", "[::1]:0:80/TCP", ":1-3", "8080:80", "0:81"]);
  assert.match(
    published.join(" "),
    /^\d+:80\/tcp \d+:53\/udp 127\.0\.0\.1:\d+:80\/tcp \[::1\]:\d+:80\/tcp \d+:1\/tcp \d+:2\/tcp \d+:3\/tcp 8080:80 \d+:81\/tcp$/,
  );
  const hosts = published.map((one) => /(\d+):\d+(?:\/\w+)?$/.exec(one)?.[1]);
  assert.equal(new Set(hosts).size, hosts.length);
});

test("what names no range is left to be refused, or refused", async () => {
  for (const one of ["3-1", "1-65535", "0", "0:0", "65536", "127.0.0.1::0/udp", "3-1:80"])
    assert.deepEqual(await withHostPorts([one]), [one]);
  for (const one of ["x", "0-1:80-81", "80/sctp", "8080-8081:80-82"])
    await assert.rejects(withHostPorts([one]), { code: "usage" }, one);
});

test("of a range of this machine for one port, the first is taken that nobody uses or is given, and none twice", async (t) => {
  // Where nobody else listens.
  const address = "127.9.8.7";
  const used = createServer().listen(0, address);
  t.after(() => used.close());
  await once(used, "listening");
  const { port: first } = used.address() as AddressInfo;
  const range = `${address}:${first}-${first + 3}`;
  const fixed = `${address}:${first + 1}:90`;
  assert.deepEqual(await withHostPorts([`${range}:80`, `${range}:81/tcp`, `${range}:80/UDP`, fixed]), [
    `${address}:${first + 2}:80`,
    `${address}:${first + 3}:81/tcp`,
    `${address}:${first}:80/UDP`,
    fixed,
  ]);
  await assert.rejects(withHostPorts([`${range}:80`, `${range}:81`, `${range}:82`, fixed]), {
    code: "port-in-use",
    message: `-p ${range}:82: each of these ports of this machine is in use`,
  });
});
