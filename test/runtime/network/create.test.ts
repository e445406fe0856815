import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../../../runtime/failure.ts";
import { parseSubnet } from "../../../runtime/network/address.ts";
import { newNetwork, type Surroundings } from "../../../runtime/network/create.ts";

const used = (...texts: readonly string[]): Surroundings["used"] =>
  texts.map((text) => ({ subnet: parseSubnet(text) ?? assert.fail(text), by: "a route" }));
const machine = { stateRoot: "/state", used: used("0.0.0.0/0"), resolvers: [], mtu: 1500, now: 0 };
const create = (subnet: string, there: Surroundings = machine) => newNetwork({ name: "n", subnets: [subnet] }, there);

describe("a new network", () => {
  for (const [subnet, words] of [
    ["0.0.0.0/8", /stands for this machine/],
    ["0.5.0.0/16", /stands for this machine/],
    ["127.0.0.0/8", /loopback/],
    ["127.99.0.0/24", /loopback/],
    ["169.254.7.0/24", /one link/],
    ["224.0.0.0/8", /multicast/],
    ["239.1.0.0/16", /multicast/],
    ["240.0.0.0/8", /reserved/],
    ["255.255.255.0/24", /reserved/],
    ["::/64", /unspecified/],
    ["::ffff:0:0/96", /mapped/],
    ["fe80::/64", /one link/],
    ["ff05::/16", /multicast/],
  ] as const) {
    it(`can't have the subnet ${subnet}, and it is said which to use`, () => {
      assert.throws(
        () => create(subnet),
        (error) => error instanceof Failure && words.test(error.message) && /10\.0\.0\.0\/8/.test(error.remedy ?? ""),
      );
    });
  }

  it("can have any other that no route has, beside a default route in two halves too", () => {
    for (const subnet of ["10.9.0.0/16", "100.64.3.0/24", "203.0.113.0/24", "192.168.7.0/30"])
      assert.equal(create(subnet).subnet, subnet);
    const halves = { ...machine, used: used("0.0.0.0/1", "128.0.0.0/1") };
    assert.equal(create("10.9.0.0/16", halves).subnet, "10.9.0.0/16");
    assert.equal(create("fd01::/64").ipv6?.subnet, "fd01::/64");
    assert.throws(() => create("10.9.0.0/16", { ...machine, used: used("10.0.0.0/8") }), /overlaps 10\.0\.0\.0\/8/);
  });
});
