import assert from "node:assert/strict";
import { it } from "node:test";
import { confiningProfile } from "../../../../runtime/host/users/user-namespaces.ts";

const labels = [
  ["docker-default (enforce)\n", "docker-default"],
  ["a profile (b) (kill)\n", "a profile (b)"],
  ["node//&docker-default (mixed)", "node//&docker-default"],
  ["node (unconfined)\n", undefined],
  ["node (complain)\n", undefined],
  ["unconfined\n", undefined],
  ["", undefined],
] as const;

for (const [label, profile] of labels) {
  it(`a process that AppArmor labels ${JSON.stringify(label)} is confined by ${profile ?? "no profile"}`, () => {
    assert.equal(confiningProfile(label), profile);
  });
}
