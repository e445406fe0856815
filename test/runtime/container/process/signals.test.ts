import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync } from "node:fs";
import { constants } from "node:os";
import { after, describe, it } from "node:test";
import { traces } from "../../../rig/leaks.ts";
import { importBusybox, outcomeOf, tinydocker } from "../../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
chmodSync(rig.program, 0o755);
const clean = traces(rig.root, "c1");

/** Starts a command that says when it is ready, sends a signal to tinydocker, and returns how that ended. */
async function signalled(command: readonly string[], signal: NodeJS.Signals | number) {
  const child = rig.spawn(["run", "--image", "box", "c1", ...command]);
  const outcome = outcomeOf(child);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  process.kill(child.pid ?? 0, signal);
  return outcome;
}

describe("a signal to tinydocker", () => {
  for (const signal of [
    ...(["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF"] as const),
    ...(["SIGIO", "SIGPWR", "SIGSYS", "SIGXCPU", "SIGXFSZ", "SIGSTKFLT", "SIGABRT", "SIGTRAP", "SIGSEGV"] as const),
  ]) {
    it(`is caught by the command: ${signal}`, async () => {
      const name = signal.slice(3);
      const script = `busybox tail -f /dev/null & trap 'echo got ${name}; exit 9' ${name}; echo ready; wait`;
      const { code, stdout } = await signalled(["sh", "-c", script], signal);
      assert.deepEqual([code, stdout], [9, `ready\ngot ${name}\n`]);
    });

    it(`ends a command that does not handle it, although it is pid 1: ${signal}`, async () => {
      // Not a shell, which catches SIGINT for itself and forgets it when it executes another program.
      const { code } = await signalled(["busybox", "tail", "-f", "/proc/version"], signal);
      assert.equal(code, 128 + constants.signals[signal]);
      assert.deepEqual(traces(rig.root, "c1"), clean);
    });
  }

  for (const signal of ["SIGCONT", "SIGWINCH", "SIGTSTP", "SIGTTIN", "SIGTTOU", 37, 64] as const) {
    it(`is caught by the command, which would not be ended by it or has no name for it: ${signal}`, async () => {
      const name = typeof signal === "number" ? signal : signal.slice(3);
      const script = `busybox tail -f /dev/null & trap 'echo got; exit 9' ${name}; echo ready; wait`;
      const { code, stdout } = await signalled(["sh", "-c", script], signal);
      assert.deepEqual([code, stdout], [9, "ready\ngot\n"]);
    });
  }

  it("ends a command that does not handle it, also if the signal has no name", async () => {
    assert.equal((await signalled(["busybox", "tail", "-f", "/proc/version"], 37)).code, 128 + 37);
  });

  it("that the caller ignored stays ignored, as under nohup or in the background of a shell's script", async () => {
    const script = "busybox tail -f /dev/null & trap 'echo on; exit 4' USR1; echo ready; wait";
    const options = { env: { ...process.env, TINYDOCKER_ROOT: rig.root } };
    const ignoring = 'trap "" HUP INT QUIT TSTP 40; exec "$0" "$@"';
    const child = spawn(
      "sh",
      ["-c", ignoring, rig.program, "run", "--image", "box", "c1", "sh", "-c", script],
      options,
    );
    const outcome = outcomeOf(child);
    await once(child.stdout, "data");
    for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTSTP", 40] as const) process.kill(child.pid ?? 0, signal);
    child.kill("SIGUSR1");
    const { code, stdout } = await outcome;
    assert.deepEqual([code, stdout], [4, "ready\non\n"]);
  });

  it("does not end a command that ignores it", async () => {
    const script = "busybox tail -f /dev/null & trap '' TERM; trap 'echo on; exit 4' USR1; echo ready; wait";
    const child = rig.spawn(["run", "--image", "box", "c1", "sh", "-c", script]);
    const outcome = outcomeOf(child);
    await once(child.stdout as NodeJS.ReadableStream, "data");
    child.kill("SIGTERM");
    child.kill("SIGUSR1");
    const { code, stdout } = await outcome;
    assert.deepEqual([code, stdout], [4, "ready\non\n"]);
  });

  it("that ends the command is reported as a shell reports it: 128 plus its number", async () => {
    const { code } = await rig.run(["run", "--image", "box", "c1", "sh", "-c", "sh -c 'kill -9 $$'; exit $?"]);
    assert.equal(code, 137);
  });
});
