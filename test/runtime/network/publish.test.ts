import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collide, portText, publishedPorts } from "../../../runtime/network/publish.ts";

describe("a published port", () => {
  for (const [request, expected] of [
    ["8080:80", [["8080/tcp", 80]]],
    ["8080:80/tcp", [["8080/tcp", 80]]],
    ["53:5353/udp", [["53/udp", 5353]]],
    ["53:5353/UDP", [["53/udp", 5353]]],
    ["127.0.0.1:8080:80", [["127.0.0.1:8080/tcp", 80]]],
    ["0.0.0.0:8080:80", [["8080/tcp", 80]]],
    ["[::1]:8080:80", [["[::1]:8080/tcp", 80]]],
    ["[2001:DB8::0]:1:2", [["[2001:db8::]:1/tcp", 2]]],
    [
      "7000-7002:80-82",
      [
        ["7000/tcp", 80],
        ["7001/tcp", 81],
        ["7002/tcp", 82],
      ],
    ],
    ["65535:1", [["65535/tcp", 1]]],
  ] as const)
    it(`is ${request}`, () =>
      assert.deepEqual(
        publishedPorts([request]).map((port) => [portText(port), port.container]),
        expected,
      ));

  for (const request of [
    "",
    ":",
    "80",
    "80:",
    ":80",
    "0:80",
    "80:0",
    "65536:80",
    "80:65536",
    "-1:80",
    "80:80/sctp",
    "80:80/",
    "80-79:80-79",
    "80-82:80-81",
    "80-82:80",
    "a:80",
    "1.2.3:80:80",
    "::1:80:80",
    "[::1:80:80",
    "[127.0.0.1]:80:80",
    "1.2.3.4::80",
    "1-2000:1-2000",
    "080:80x",
    "80:80:80:80",
    "127.0.0.1:80:80/tcp/udp",
    " 80:80",
    "80:80 ",
  ])
    it(`is not ${JSON.stringify(request)}`, () =>
      assert.throws(() => publishedPorts([request]), { code: "usage", remedy: /-p \[\[ADDR:\]/ }));

  it("is refused twice, but not on another address or for another protocol", () => {
    for (const pair of [
      ["80:80", "80:81"],
      ["80:80", "127.0.0.1:80:80"],
      ["80-90:80-90", "85:1"],
    ])
      assert.throws(() => publishedPorts(pair), /the port \S+ of this machine is published twice/);
    assert.equal(publishedPorts(["80:80", "80:80/udp", "81:80"]).length, 3);
    assert.equal(publishedPorts(["127.0.0.1:80:80", "127.0.0.2:80:80"]).length, 2);
  });

  it("collides whichever is published first", () => {
    const [one, other] = publishedPorts(["80:80", "81:80"]);
    assert.ok(one && other && !collide(one, other) && collide(one, { ...one, address: "127.0.0.1" }));
    assert.ok(collide({ ...one, address: "127.0.0.1" }, one));
  });
});
