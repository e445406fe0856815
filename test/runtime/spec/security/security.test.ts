import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Security, securityOf } from "../../../../runtime/spec/security/security.ts";
import { refused } from "../refused.ts";

const DEFAULT: Security = { seccomp: "builtin", noNewPrivileges: true, protectedPaths: true };
const PRIVILEGED: Security = { seccomp: "unconfined", noNewPrivileges: false, protectedPaths: false };

const CASES: readonly [readonly string[], Partial<Security>][] = [
  [[], {}],
  [["seccomp=unconfined"], { seccomp: "unconfined" }],
  [["seccomp:unconfined"], { seccomp: "unconfined" }],
  [["seccomp=builtin"], {}],
  [["seccomp=a/b=c:d.json"], { seccomp: { file: "a/b=c:d.json" } }],
  [["seccomp=a", "seccomp=unconfined"], { seccomp: "unconfined" }],
  [["no-new-privileges"], {}],
  [["no-new-privileges=true"], {}],
  [["no-new-privileges:true"], {}],
  [["no-new-privileges=false"], { noNewPrivileges: false }],
  [["no-new-privileges:false"], { noNewPrivileges: false }],
  [["systempaths=unconfined"], { protectedPaths: false }],
  [["apparmor=unconfined", "label=disable"], {}],
  [["no-new-privileges=false", "seccomp=f"], { noNewPrivileges: false, seccomp: { file: "f" } }],
];

describe("--security-opt", () => {
  for (const [options, changed] of CASES) {
    it(`${options.join(" ") || "without a value"} is ${JSON.stringify(changed)}`, () => {
      assert.deepEqual(securityOf({ securityOpt: options }), { ...DEFAULT, ...changed });
    });
  }

  it("changes what --privileged means", () => {
    assert.deepEqual(securityOf({ privileged: true }), PRIVILEGED);
    assert.deepEqual(securityOf({ privileged: true, securityOpt: ["seccomp=builtin", "no-new-privileges"] }), {
      ...DEFAULT,
      protectedPaths: false,
    });
  });

  for (const option of [
    "",
    "seccomp",
    "seccomp=",
    "secomp=unconfined",
    "no-new-privileges=",
    "no-new-privileges=yes",
    "no-new-privs",
    "apparmor=docker-default",
    "label=type:x",
    "label",
    "systempaths=",
    "systempaths=masked",
    "__proto__=x",
    "seccomp=a\0b",
  ]) {
    it(`${JSON.stringify(option)} is refused`, () => refused(() => securityOf({ securityOpt: [option] })));
  }
});
