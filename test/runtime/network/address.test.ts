import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import { describe, it } from "node:test";
import {
  type Address,
  addressOf,
  addressText,
  bytesOf,
  contains,
  overlap,
  parseAddress,
  parseSubnet,
  subnetText,
} from "../../../runtime/network/address.ts";
import fc from "../../rig/fast-check.ts";

const ADDRESSES = fc.oneof(fc.ipV4(), fc.ipV6());
const parsed = (text: string): Address => parseAddress(text) ?? assert.fail(`${text} is an address`);

describe("an address", () => {
  it("is what Node.js takes for one, and nothing else is", () => {
    const nearly = fc.array(fc.constantFrom("0", "1", "255", "256", "f", "ffff", ":", "::", ".", "%"), {
      maxLength: 14,
    });
    fc.assert(fc.property(ADDRESSES, (text) => parseAddress(text) !== undefined));
    fc.assert(
      fc.property(nearly, (parts) => {
        const text = parts.join("");
        // A link-local address with its link is none here.
        assert.equal(parseAddress(text)?.family ?? 0, text.includes("%") ? 0 : isIP(text));
      }),
      { numRuns: 3000 },
    );
  });

  it("is the same in any notation", () => {
    fc.assert(
      fc.property(ADDRESSES, (text) => {
        const address = parsed(text);
        assert.deepEqual(parsed(addressText(address)), address);
        assert.deepEqual(addressOf(Uint8Array.from(bytesOf(address))), address);
      }),
    );
  });

  for (const [text, written] of [
    ["::", "::"],
    ["0:0:1::", "0:0:1::"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:2:3:4:5:6:0:8", "1:2:3:4:5:6:0:8"],
    ["::ffff:192.0.2.1", "::ffff:c000:201"],
  ] as const)
    it(`${text} is written as RFC 5952 says, ${written}`, () => assert.equal(addressText(parsed(text)), written));
});

describe("a subnet", () => {
  it("contains what Node.js's own list of blocks says", () => {
    const near = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }), fc.integer({ min: 0, max: 31 }));
    fc.assert(
      fc.property(near, ([text, prefix, bit]) => {
        const other = addressText({ family: 4, value: parsed(text).value ^ (1n << BigInt(bit)) });
        const list = new BlockList();
        list.addSubnet(text, prefix);
        assert.equal(contains({ ...parsed(text), prefix }, parsed(other)), list.check(other));
      }),
    );
  });

  it("overlaps another if one contains the other's first address", () => {
    const subnet = (text: string) => parseSubnet(text) ?? assert.fail();
    assert.ok(
      overlap(subnet("10.0.0.0/8"), subnet("10.1.2.0/24")) && overlap(subnet("10.1.2.0/24"), subnet("10.0.0.0/8")),
    );
    assert.ok(!overlap(subnet("10.0.0.0/9"), subnet("10.128.0.0/9")));
    assert.ok(!overlap(subnet("0.0.0.0/0"), subnet("::/0")));
  });

  for (const text of [
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.0.0/",
    "/8",
    "10.0.0/8",
    "::/129",
    "10.0.0.0/8/8",
    "10.0.0.0/-1",
  ])
    it(`is not ${text}`, () => assert.equal(parseSubnet(text), undefined));

  it("is written as it was read", () => assert.equal(subnetText(parseSubnet("fd00::/8") ?? assert.fail()), "fd00::/8"));
});
