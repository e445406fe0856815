import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { identify } from "../../../runtime/host/process.ts";
import { openShim } from "../../../runtime/host/shim.ts";
import { undo } from "../../../runtime/resources/resource.ts";
import { descriptors } from "../descriptors.ts";

const shim = await openShim();
const NOWHERE = {
  root: "/nowhere",
  key: "c1",
  upper: "/nowhere/upper",
  work: "/nowhere/work",
  monitor: "/nowhere/monitor",
};

/** A process that runs until it is ended, and what a journal says of it. */
function running() {
  const child = spawn("cat");
  const identity = identify(child.pid ?? 0);
  assert.ok(identity);
  const { boot, ...resource } = identity;
  return { child, boot, resource: { kind: "process", ...resource } as const };
}

describe("undoing a process", () => {
  it("ends it and waits for that, and can be repeated", async () => {
    const { child, resource, boot } = running();
    const closed = once(child, "close");
    const before = descriptors();
    await undo(shim, NOWHERE, resource, boot);
    assert.deepEqual(descriptors(), before);
    assert.deepEqual(await closed, [null, "SIGKILL"]);
    await undo(shim, NOWHERE, resource, boot);
  });

  it("leaves another process alone that has the same pid now, or had it before the machine was rebooted", async () => {
    const { child, resource, boot } = running();
    const closed = once(child, "close");
    const before = descriptors();
    await undo(shim, NOWHERE, { ...resource, startTime: "1" }, boot);
    await undo(shim, NOWHERE, resource, "another boot");
    assert.deepEqual(descriptors(), before);
    child.stdin.end();
    assert.deepEqual(await closed, [0, null]);
  });

  it("is reported with the process and the reason when the kernel refuses", async () => {
    const { child, resource, boot } = running();
    const closed = once(child, "close");
    const before = descriptors();
    const refusing = { ...shim, signal: () => -1 };
    await assert.rejects(
      undo(refusing, NOWHERE, resource, boot),
      new RegExp(`can't end process ${resource.pid}: EPERM`),
    );
    assert.deepEqual(descriptors(), before);
    child.stdin.end();
    await closed;
  });
});
