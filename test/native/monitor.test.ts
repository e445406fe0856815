import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { inputFrames, resizeFrame } from "../../runtime/container/attach/frame.ts";
import fc from "../rig/fast-check.ts";
import { needs } from "../rig/host.ts";
import { gone, written } from "../rig/processes.ts";
import { DETACH, detachedRig } from "../runtime/container/detached-rig.ts";
import { lacks } from "./start-many.ts";

const rig = await detachedRig({ after });
const build = join(rig.directory, "native/build");
// Without -R the sanitizers of gcc 12 do not start if the kernel randomizes more bits of an address than they expect.
const prefix = ["setarch", "-R"];

async function does(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await rig.run(words, { prefix });
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Frames as they are sent, with some that are none, and cut anywhere. */
const frame = fc.oneof(
  fc.uint8Array({ maxLength: 6000 }).map((typed) => inputFrames(Buffer.from(typed))),
  fc.tuple(fc.nat(0xffff), fc.nat(0xffff)).map(([rows, columns]) => resizeFrame(rows, columns)),
  fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
);
const conversation = fc.tuple(fc.array(frame, { maxLength: 8 }), fc.nat(30_000));

/** Sends the bytes and ends, as one who is killed; settles once the monitor has ended the connection too. */
async function sends(name: string, [frames, cut]: readonly [readonly Buffer[], number]): Promise<void> {
  const socket = connect(join(rig.root, "monitors", name, "attach"));
  const closed = new Promise((resolve) => socket.on("close", resolve));
  // The monitor ends a connection at what is no frame, or where it has many.
  socket.on("error", () => {}).resume();
  socket.end(Buffer.concat(frames).subarray(0, cut));
  await closed;
}

test("AddressSanitizer and UndefinedBehaviorSanitizer find no fault in a monitor whose container prints much, is restarted and asked how it is, and to which anything is sent", async (t) => {
  if (!needs(t, lacks("libasan.so"))) return;
  execFileSync("make", ["-s", "-C", join(rig.directory, "native"), "monitor-asan"]);
  rmSync(join(build, "tinydocker-monitor"));
  copyFileSync(join(build, "address/tinydocker-monitor"), join(build, "tinydocker-monitor"));

  const log = ["--log-opt", "max-size=200k", "--log-opt", "max-file=3"];
  const health = ["--health-cmd", "echo fine; echo no >&2", "--health-interval", "100ms"];
  const lines = "i=0; while [ $i -lt 9000 ]; do echo $i; i=$((i+1)); done >/lines; cat /lines; cat /lines >&2";
  const prints = `${lines}; dd if=/dev/zero bs=100k count=3`;
  const script = `${prints}; echo up; exec cat >/dev/null`;
  const d1 = ["-i", "--init", ...log, ...health, "--restart", "on-failure:1", "d1", "sh", "-c", script];
  await does(...DETACH, ...d1);
  await does(...DETACH, "-it", "d2", "sh", "-c", "stty raw -echo; echo up; cat >/dev/null");
  const followed = rig.spawn(["logs", "-f", "d1"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const monitors = ["d1", "d2"].map((name) => rig.journal(name).monitor?.pid ?? assert.fail());
    for (const pid of monitors) assert.match(readFileSync(`/proc/${pid}/maps`, "utf8"), /libasan/);
    await written(join(rig.root, "monitors/d2/log"), /up/);
    // What it prints may not all be kept; its last line is, and comes again after its restart.
    for await (const _ of ups(followed)) {
      for (const name of ["d1", "d2"])
        for (const asked of fc.sample(fc.array(conversation, { maxLength: 20 }), 6))
          await Promise.all(asked.map((one) => sends(name, one)));
      await written(join(rig.root, "monitors/d1/health"), /"healthy"/);
      await does("kill", "-s", "USR1", "d1");
    }
    await gone(monitors[0] ?? 0);
    await does("stop", "-t", "0", "d2");
    assert.deepEqual(reports(), []);
    assert.equal(await does("inspect", "-f", "{{.State.ExitCode}} {{.RestartCount}}", "d1", "d2"), "138 1\n137 0\n");
  } finally {
    followed.kill();
    await does("rm", "-f", "d1", "d2");
  }
});

/** Each time that the container says so, until it ends. */
async function* ups({ stdout }: ChildProcess): AsyncGenerator<void> {
  for await (const line of createInterface({ input: stdout ?? assert.fail() })) if (line.endsWith("up")) yield;
}

/** What the sanitizers have found. */
function reports(): string[] {
  const names = readdirSync(join(build, "address")).filter((name) => name.startsWith("report"));
  return names.map((name) => readFileSync(join(build, "address", name), "utf8"));
}
