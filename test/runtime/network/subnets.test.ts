import assert from "node:assert/strict";
import { BlockList } from "node:net";
import { describe, it } from "node:test";
import {
  addressText,
  overlap,
  parseAddress,
  parseSubnet,
  type Subnet,
  subnetText,
} from "../../../runtime/network/address.ts";
import { chooseSubnet } from "../../../runtime/network/subnets.ts";

const subnet = (text: string): Subnet => parseSubnet(text) ?? assert.fail(text);
/** RFC 1918 */
const PRIVATE = new BlockList();
for (const [address, prefix] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const)
  PRIVATE.addSubnet(address, prefix);

describe("the subnet of a network for which none is named", () => {
  it("is private and overlaps none in use, until there is none left", () => {
    const used: Subnet[] = [];
    for (let next = chooseSubnet(used, []); next; next = chooseSubnet(used, [])) {
      assert.ok(PRIVATE.check(addressText(next)), subnetText(next));
      assert.ok(!used.some((other) => next && overlap(next, other)));
      used.push(next);
    }
    assert.ok(used.length > 100);
  });

  it("overlaps no route, however long or short, but a default route in two halves does not count", () => {
    const text = (...used: string[]) => subnetText(chooseSubnet(used.map(subnet), []) ?? assert.fail());
    assert.equal(text(), "172.18.0.0/16");
    assert.equal(text("172.18.4.4/32"), "172.19.0.0/16");
    assert.equal(text("172.16.0.0/12"), "10.200.0.0/16");
    assert.equal(text("0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/0"), "172.18.0.0/16");
  });

  it("does not hide a name server behind the default route", () => {
    const server = parseAddress("172.18.0.53") ?? assert.fail();
    assert.equal(subnetText(chooseSubnet([], [server]) ?? assert.fail()), "172.19.0.0/16");
  });
});
