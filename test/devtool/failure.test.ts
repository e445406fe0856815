import assert from "node:assert/strict";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { parseArguments } from "../../devtool/command-line/arguments.ts";
import { loadProject } from "../../devtool/config/project.ts";
import { ConnectionLost, Failure, type FailureCode, onTarget } from "../../devtool/failure.ts";
import { exitFailure, readRsyncOutput } from "../../devtool/sync/rsync-exit.ts";
import { MESSAGE } from "../../devtool/sync/wire/multiplex.ts";
import { resolveTarget } from "../../devtool/targets/resolve.ts";
import { connectFailure } from "../../devtool/targets/ssh/transport/connect-failure.ts";
import { startFailure } from "../../devtool/targets/start-failure.ts";
import { type FailureCase, testFailureCodes } from "../rig/failure-codes.ts";

const BOX = { where: "box:22", host: "box", user: "me" };

function connecting(errno: string): Failure {
  return connectFailure(BOX, Object.assign(new Error(`connect ${errno}`), { code: errno }));
}

function rsyncEnded(code: number, error: string): Failure | undefined {
  const output = readRsyncOutput(new PassThrough());
  if (error !== "") output.receive({ kind: MESSAGE.error, payload: Buffer.from(error) });
  return exitFailure({ code, signal: null }, output, 0);
}

function starting(command: string, step: "chdir" | "exec", errno: string): Failure {
  return startFailure({ argv: [command], cwd: "/work" }, "box", { step, errno });
}

const target = (name: string) => resolveTarget(name, {}, { projectRoot: "/" });

const CASES: readonly FailureCase<FailureCode>[] = [
  ["an unknown command", () => parseArguments(["rum"]), "usage"],
  ["a folder without a configuration", (empty) => loadProject(undefined, empty), "config-not-found"],
  ["a configuration that does not exist", (empty) => loadProject(join(empty, "no.json"), empty), "config-invalid"],
  ["a target without a name", () => target(""), "target-invalid"],
  ["a target that is not a host", () => target("me@"), "target-invalid"],
  ["an unknown host", () => connecting("ENOTFOUND"), "target-unreachable"],
  ["a closed port", () => connecting("ECONNREFUSED"), "target-unreachable"],
  ["a program that does not exist", () => starting("node", "exec", "ENOENT"), "command-not-found"],
  ["a file that is not a program", () => starting("./a", "exec", "ENOEXEC"), "process-not-started"],
  ["a path where there is no program", () => starting("./a", "exec", "ENOENT"), "command-not-found"],
  ["a folder that can't be entered", () => starting("node", "chdir", "EACCES"), "process-not-started"],
  ["a target without rsync", () => rsyncEnded(127, ""), "rsync-missing"],
  ["a full disk on the target", () => rsyncEnded(11, "write failed: No space left on device (28)"), "no-space"],
  ["a foreign mirror", () => rsyncEnded(23, "mkdir: Permission denied (13)"), "mirror-unwritable"],
  ["a read-only mirror", () => rsyncEnded(23, "mkdir: Read-only file system (30)"), "mirror-unwritable"],
  ["an rsync that fails without a message", () => rsyncEnded(14, ""), "sync-failed"],
  ["a connection that ended", () => new ConnectionLost("gone"), "connection-lost"],
];

testFailureCodes(Failure, CASES);

test("an rsync that can't be loaded is reported with what it says", () => {
  const said = "rsync: error while loading shared libraries: libpopt.so.0";
  assert.equal(rsyncEnded(127, said)?.message, `the target's rsync does not run\n  ${said}`);
});

test("a failure on a target is marked with the target, and any other error is passed on unchanged", async () => {
  const failure = new ConnectionLost("gone");
  await assert.rejects(onTarget("box", Promise.reject(failure)), failure);
  assert.equal(failure.target, "box");
  const bug = new TypeError("bug");
  await assert.rejects(onTarget("box", Promise.reject(bug)), bug);
  assert.equal(await onTarget("box", Promise.resolve(42)), 42);
});
