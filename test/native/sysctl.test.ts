import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openShim } from "../../runtime/host/shim.ts";
import { CLONE } from "../../runtime/linux.ts";
import type { Step } from "../../runtime/plan/step.ts";
import { needs, temporaryDirectory } from "../rig/host.ts";
import { NAMESPACES, plainPlan, plainRoot } from "./plans.ts";

const shim = await openShim();
const root = await plainRoot(join(await temporaryDirectory({ after }), "root"));
const devNull = openSync("/dev/null", "r+");
after(() => closeSync(devNull));

/** The errno of the step that failed, 0 if the command ran. */
function errnoOf(more: readonly Step[]): Promise<number> {
  const spawned = shim.spawn({
    plan: plainPlan({ root, args: ["true"], more }),
    namespaces: NAMESPACES | CLONE.CLONE_NEWNET,
    stdio: [devNull, devNull, devNull],
    lock: -1,
    identity: { uid: 0, gid: 0 },
    terminal: false,
  });
  if ("errno" in spawned) assert.fail(`td_spawn: errno ${spawned.errno} at ${spawned.stage}`);
  let errno = 0;
  return new Promise((resolve) => {
    shim.listen(spawned.container, (event) => {
      if (event.kind === "failed") errno = event.errno;
      if (event.kind !== "exited") return;
      closeSync(spawned.pidfd);
      resolve(errno);
    });
  });
}

const tmpfs = (target: string): Step => ({
  op: "MOUNT",
  flags: 0,
  source: "t",
  target,
  type: "tmpfs",
  data: "",
  reason: "target",
});
const set: Step = { op: "SYSCTL", path: "net/core/somaxconn", value: "77", reason: "sysctl" };

test("CVE-2019-19921, CVE-2023-27561, CVE-2025-52881: a setting is written to no file system but the init's own proc", async (t) => {
  if (!needs(t, process.geteuid?.() === 0 ? undefined : "root")) return;
  const { EXDEV, ENOENT } = constants.errno;
  const before = readFileSync("/proc/sys/net/core/somaxconn", "utf8");
  const file: Step = { op: "WRITE", mode: 0o644, path: "/proc/sys/net/core/somaxconn", content: "", reason: "names" };
  assert.equal(await errnoOf([set]), 0);
  assert.equal(await errnoOf([tmpfs("/proc/sys/net/core"), set]), EXDEV);
  assert.equal(
    await errnoOf([tmpfs("/proc"), { op: "MKDIR", mode: 0o755, path: "/proc/sys", reason: "target" }, set]),
    EXDEV,
  );
  assert.equal(await errnoOf([tmpfs("/proc"), file, set]), EXDEV);
  assert.equal(await errnoOf([{ ...set, path: "net/../../cmdline" }]), EXDEV);
  assert.equal(await errnoOf([{ ...set, path: "net/nosuch" }]), ENOENT);
  assert.equal(readFileSync("/proc/sys/net/core/somaxconn", "utf8"), before);
});
