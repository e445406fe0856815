import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  ALL_CAPABILITIES,
  type Capability,
  type CapabilityRequest,
  capabilitiesFor,
  capabilitiesIn,
  capabilityMask,
  DEFAULT_CAPABILITIES,
} from "../../../../runtime/spec/security/capability.ts";
import { refused } from "../refused.ts";

const without = (base: readonly Capability[], ...names: Capability[]) => base.filter((name) => !names.includes(name));

/** As moby's daemon/pkg/oci/caps has them, except that a privileged container can drop some. */
const CASES: readonly [CapabilityRequest, readonly Capability[]][] = [
  [{}, DEFAULT_CAPABILITIES],
  [{ capAdd: ["NET_ADMIN"] }, [...DEFAULT_CAPABILITIES, "CAP_NET_ADMIN"]],
  [{ capAdd: ["cap_net_admin", "NET_ADMIN", "KILL"] }, [...DEFAULT_CAPABILITIES, "CAP_NET_ADMIN"]],
  [{ capDrop: ["mknod", "CAP_NET_RAW"] }, without(DEFAULT_CAPABILITIES, "CAP_MKNOD", "CAP_NET_RAW")],
  [{ capDrop: ["ALL"] }, []],
  [{ capDrop: ["all"], capAdd: ["CHOWN"] }, ["CAP_CHOWN"]],
  [{ capAdd: ["CHOWN"], capDrop: ["CHOWN"] }, [...without(DEFAULT_CAPABILITIES, "CAP_CHOWN"), "CAP_CHOWN"]],
  [{ capAdd: ["ALL"] }, ALL_CAPABILITIES],
  [{ capAdd: ["ALL", "BPF"], capDrop: ["SYS_ADMIN", "BPF"] }, without(ALL_CAPABILITIES, "CAP_SYS_ADMIN", "CAP_BPF")],
  [{ capAdd: ["ALL"], capDrop: ["ALL"] }, ALL_CAPABILITIES],
  [{ privileged: true }, ALL_CAPABILITIES],
  [{ privileged: true, capDrop: ["SYS_BOOT"] }, without(ALL_CAPABILITIES, "CAP_SYS_BOOT")],
  [{ privileged: true, capDrop: ["ALL"] }, []],
];

describe("--cap-add and --cap-drop", () => {
  for (const [request, expected] of CASES)
    it(`${JSON.stringify(request)} make ${expected.length}`, () =>
      assert.deepEqual(capabilitiesFor(request), expected));

  for (const [written, meant] of [
    ["NET_ADMN", "CAP_NET_ADMIN"],
    ["cap_sys_admni", "CAP_SYS_ADMIN"],
    ["SYSADMIN", "CAP_SYS_ADMIN"],
  ] as const) {
    it(`${written} is refused, and ${meant} suggested`, () => {
      for (const request of [{ capAdd: [written] }, { capDrop: [written] }])
        assert.throws(() => capabilitiesFor(request), { code: "usage", remedy: `did you mean ${meant}?` });
    });
  }

  for (const written of ["", "CAP_", "all,KILL", "0", "nothing like it", "__proto__", "CAP_CAP_KILL"]) {
    it(`${JSON.stringify(written)} is refused`, () => refused(() => capabilitiesFor({ capAdd: [written] })));
  }

  it("add none that tinydocker does not have itself: one by its name is refused, ALL means the others", () => {
    const held = without(ALL_CAPABILITIES, "CAP_SYS_RESOURCE");
    refused(() => capabilitiesFor({ capAdd: ["SYS_RESOURCE"] }, held));
    refused(() => capabilitiesFor({ capAdd: ["ALL", "SYS_RESOURCE"] }, held));
    assert.deepEqual(capabilitiesFor({ capAdd: ["ALL"] }, held), held);
    assert.deepEqual(capabilitiesFor({ privileged: true }, held), held);
  });
});

describe("a mask of capabilities", () => {
  it("is read as it is written", () => {
    for (const set of [[], ["CAP_CHOWN"], DEFAULT_CAPABILITIES, ALL_CAPABILITIES] as const)
      assert.deepEqual(new Set(capabilitiesIn(capabilityMask(set))), new Set(set));
    assert.deepEqual(capabilitiesIn(1n << 62n), []);
  });
});
