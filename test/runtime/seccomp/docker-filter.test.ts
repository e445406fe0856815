import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { COMPILED, dockerFilter } from "../../../runtime/seccomp/docker-filter.ts";
import { dockerProfile } from "../../../runtime/seccomp/docker-rules.ts";
import { filterOf } from "../../../runtime/seccomp/filter.ts";
import type { Machine } from "../../../runtime/seccomp/system-calls.ts";
import { DEFAULT_CAPABILITIES } from "../../../runtime/spec/security/capability.ts";
import { there } from "./interpreter.ts";

const MACHINES: readonly Machine[] = ["x86_64", "aarch64"];

describe("the filter that was compiled ahead", () => {
  for (const machine of MACHINES) {
    it(`is what the rules are compiled to on ${machine}; this is its text`, () => {
      const words = filterOf(dockerProfile(), there(machine));
      assert.deepEqual(COMPILED[machine], words, words.join(", "));
    });
  }

  it("is used for docker's capabilities in any order, and for no others", () => {
    const reversed = there("x86_64", DEFAULT_CAPABILITIES.toReversed());
    assert.equal(dockerFilter(reversed), COMPILED.x86_64);
    for (const capabilities of [
      [],
      DEFAULT_CAPABILITIES.slice(1),
      [...DEFAULT_CAPABILITIES, "CAP_SYS_ADMIN"],
    ] as const) {
      const other = there("x86_64", capabilities);
      assert.deepEqual(dockerFilter(other), filterOf(dockerProfile(), other));
    }
    const replaced = there("x86_64", [...DEFAULT_CAPABILITIES.slice(1), "CAP_SYS_ADMIN"]);
    assert.deepEqual(dockerFilter(replaced), filterOf(dockerProfile(), replaced));
  });
});
