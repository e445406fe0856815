import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { needs } from "../rig/host.ts";
import { lacks, startMany } from "./start-many.ts";

const program = await startMany({ after });
const noStrace = spawnSync("strace", ["-V"]).error && "strace";
const trace = join(program.directory, "trace");
const TRACED = "memfd_create,pipe2,fcntl,socketpair,eventfd2,clone,clone3,epoll_ctl";

/** Runs one start under strace, which sees the calling thread only: not the child, not the other threads. */
function traced(inject: readonly string[]): { lines: string[]; stdout: string; stderr: string } {
  const strace = ["strace", "-o", trace, "-e", `trace=${TRACED},getppid`, ...inject];
  const { stdout, stderr } = program.run("asan", strace, ["traced"]);
  return { lines: readFileSync(trace, "utf8").split("\n"), stdout, stderr };
}

/** The calls of the start, each with its position among the calls of that name in the whole run, from 1. */
function callsOfStart(lines: readonly string[]): { name: string; when: number; line: string }[] {
  const from = lines.findIndex((line) => line.startsWith("getppid("));
  const to = lines.findLastIndex((line) => line.startsWith("getppid("));
  return lines.slice(0, to).flatMap((line, at) => {
    const name = line.slice(0, line.indexOf("("));
    const when = lines.slice(0, at + 1).filter((other) => other.startsWith(`${name}(`)).length;
    return at > from ? [{ name, when, line }] : [];
  });
}

test("a start that fails at any of its system calls leaves nothing behind, and the next one succeeds", (t) => {
  if (!needs(t, lacks("libasan.so") ?? noStrace)) return;
  const { lines, stdout } = traced([]);
  assert.match(stdout, /^td_spawn returned 0$/m);
  // The kernel can't refuse to change what an epoll already watches.
  const calls = callsOfStart(lines).filter(({ line }) => !line.includes("EPOLL_CTL_MOD"));
  assert.ok(calls.length >= 10, lines.join("\n"));
  for (const { name, when, line } of calls) {
    const failed = traced(["-e", `inject=${name}:error=EAGAIN:when=${when}`]);
    assert.equal(failed.lines.filter((other) => other.endsWith("(INJECTED)")).length, 1, line);
    const expected = `td_spawn returned ${-constants.errno.EAGAIN}\n1 containers ended\n`;
    assert.deepEqual({ stdout: failed.stdout, stderr: failed.stderr }, { stdout: expected, stderr: "" }, line);
  }
});
