import assert from "node:assert/strict";
import { test } from "node:test";
import { publishedForAll, withHostPorts } from "../../../runtime/container/free-ports.ts";

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

test("what names no range is left to be refused", async () => {
  for (const one of ["3-1", "1-65535", "x", "0-1:80-81", "80/sctp", "0", "0:0", "65536", "127.0.0.1::0/udp"])
    assert.deepEqual(await withHostPorts([one]), [one]);
});
