import assert from "node:assert/strict";
import test from "node:test";
import type { TargetSettings } from "../../../devtool/config/config.ts";
import { Failure } from "../../../devtool/failure.ts";
import { resolveTarget } from "../../../devtool/targets/resolve.ts";

const targets: Readonly<Record<string, TargetSettings>> = {
  lab: { kind: "ssh", host: "me@lab.example:2222", sudo: true },
  vagrant: { kind: "vagrant", machine: "second" },
  here: { kind: "local", sudo: false },
};
const resolve = (name: string | undefined) => resolveTarget(name, targets, { projectRoot: "/project" });

const table: readonly [name: string, kind: string][] = [
  ["lab", "ssh"],
  ["here", "local"],
  ["local", "local"],
  ["vagrant", "vagrant"],
  ["me@host", "ssh"],
  ["host:2222", "ssh"],
  ["ssh://me@host", "ssh"],
  ["toString", "ssh"],
];
for (const [name, kind] of table) {
  test(`--target ${name} is of kind ${kind}, and nothing is opened for it`, () => {
    assert.deepEqual([resolve(name).name, resolve(name).kind], [name, kind]);
  });
}

test("the default target is this machine on Linux, else the Vagrant machine", () => {
  assert.equal(resolve(undefined).kind, process.platform === "linux" ? "local" : "vagrant");
});

test("a name that is not a valid target is refused before anything is touched", () => {
  for (const name of ["", "-oProxyCommand=id", "a b"]) {
    assert.throws(
      () => resolve(name),
      (error) => error instanceof Failure && error.exitCode === 2,
    );
  }
});
