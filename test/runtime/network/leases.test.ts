import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { beside, takeAddress } from "../../../runtime/network/leases.ts";
import type { Lease, Network, Networks } from "../../../runtime/network/network.ts";

const NETWORK: Network = {
  name: "n",
  bridge: "td-1",
  subnet: "10.1.0.0/29",
  gateway: "10.1.0.1",
  ipv6: { subnet: "fd00::/125", gateway: "fd00::1" },
  internal: false,
  mtu: 1500,
  created: 0,
};

const lease = (ipv4: string, ipv6?: string): Lease => ({
  container: ipv4,
  hostname: "h",
  attachments: [{ network: "n", ipv4, aliases: [], ...(ipv6 === undefined ? {} : { ipv6 }) }],
  ports: [],
  extraHosts: [],
});
const networks = (...leases: Lease[]): Networks => ({ networks: [NETWORK], leases });

describe("the address of a new container", () => {
  it("is the next one, so that one just freed is not given again at once", () => {
    assert.equal(takeAddress(networks(), NETWORK, 4, {}), "10.1.0.2");
    assert.equal(takeAddress(networks(), NETWORK, 4, { last: "10.1.0.2" }), "10.1.0.3");
    assert.equal(takeAddress(networks(), NETWORK, 4, { last: "10.1.0.6" }), "10.1.0.2");
  });

  it("is none that another has, nor one whose cable still lingers", () => {
    const isBusy = (address: string) => address === "10.1.0.3";
    assert.equal(takeAddress(networks(lease("10.1.0.2")), NETWORK, 4, { isBusy }), "10.1.0.4");
  });

  it("has the same number in IPv6, which nobody had a moment ago either, unless another has that", () => {
    const ipv6 = (ipv4: string, ...leases: Lease[]) => {
      const last = beside(NETWORK, ipv4);
      return takeAddress(networks(...leases), NETWORK, 6, last === undefined ? {} : { last });
    };
    assert.equal(ipv6("10.1.0.2"), "fd00::2");
    assert.equal(ipv6("10.1.0.6"), "fd00::6");
    assert.equal(ipv6("10.1.0.6", lease("10.1.0.2", "fd00::6")), "fd00::7");
    assert.equal(beside({ ...NETWORK, subnet: "10.1.0.0/24" }, "10.1.0.11"), "fd00::2");
    const { ipv6: _, ...only4 } = NETWORK;
    assert.equal(beside(only4, "10.1.0.2"), undefined);
  });

  it("is given to each container until all are in use, and never the gateway's own", () => {
    const given: string[] = [];
    for (;;) {
      const address = takeAddress(networks(...given.map((one) => lease(one))), NETWORK, 4, {});
      if (address === "used up") break;
      given.push(address);
    }
    assert.deepEqual(given, ["10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5", "10.1.0.6"]);
  });

  it("can be chosen of both families", () => {
    assert.equal(takeAddress(networks(), NETWORK, 4, { asked: "10.1.0.5" }), "10.1.0.5");
    assert.equal(takeAddress(networks(), NETWORK, 6, { asked: "fd00:0::5" }), "fd00::5");
    assert.equal(takeAddress(networks(lease("10.1.0.2", "fd00::2")), NETWORK, 6, {}), "fd00::3");
  });

  for (const [asked, fault] of [
    ["10.1.0.1", "reserved"],
    ["10.1.0.0", "reserved"],
    ["10.1.0.7", "reserved"],
    ["10.1.0.8", "outside"],
    ["fd00::2", "outside"],
    ["x", "outside"],
    ["10.1.0.2", "taken"],
  ] as const)
    it(`can't be ${asked}: ${fault}`, () =>
      assert.equal(takeAddress(networks(lease("10.1.0.2")), NETWORK, 4, { asked }), fault));
});
