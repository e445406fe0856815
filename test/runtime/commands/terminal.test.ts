import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import { traces } from "../../rig/leaks.ts";
import { gone } from "../../rig/processes.ts";
import { importBusybox, tinydocker } from "../../rig/tinydocker.ts";
import { terminals } from "./terminals.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const clean = traces(rig.root, "c1");
const session = terminals(rig, { after });

/** In the order of their starts. */
function childrenOf(pid = 0): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ").map(Number);
}

const shell = ["run", "--image", "box", "c1", "sh"];

describe("a terminal", () => {
  it("is the container's own, with the size and type of the caller's", async () => {
    const person = session(shell);
    person.type("tty; stty size; echo T=$TERM; ls -l /dev/console | cut -c1\n".replace(" | cut -c1", ""));
    await person.shows("/dev/pts/0");
    await person.shows("24 80");
    await person.shows("T=vt100");
    person.type("exit 7\n");
    assert.equal((await person.ended).code, 7);
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  it("follows the size of the caller's", async () => {
    const person = session([...shell, "-c", "trap 'stty size; exit 0' WINCH; echo ready; read line"]);
    await person.shows("ready");
    person.child.kill("SIGUSR1");
    await person.shows("50 132");
    assert.equal((await person.ended).code, 0);
  });

  it("lets Ctrl-C end the command in the foreground and not the shell", async () => {
    const person = session(shell);
    // Printed by the command itself, once it is in the foreground.
    person.type("tail -f /proc/version\n");
    await person.shows("Linux version");
    person.type("\x03");
    person.type("echo st''ill\n");
    await person.shows("still");
    person.type("exit\n");
    await person.ended;
  });

  it("lets Ctrl-C end a command that is pid 1 and handles no signal", async () => {
    // Not a shell, which catches SIGINT for itself and forgets it when it executes another program.
    const person = session(["run", "--image", "box", "c1", "busybox", "tail", "-f", "/proc/version"]);
    await person.shows("Linux version");
    person.type("\x03");
    assert.equal((await person.ended).code, 130);
    assert.deepEqual(traces(rig.root, "c1"), clean);
  });

  it("ends with Ctrl-D, and loses none of the output before", async () => {
    const person = session([
      ...shell,
      "-c",
      "echo ready; cat >/dev/null; i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done",
    ]);
    await person.shows("ready");
    person.type("\x04");
    const { stdout, code } = await person.ended;
    assert.equal(code, 0);
    assert.equal(stdout.match(/line \d+\r\n/g)?.length, 5_000);
  });

  it("takes what is pasted into a command that prints all of it, however much, and Ctrl-C after it", async () => {
    const person = session([...shell, "-c", "stty raw -echo isig; echo ready; cat"]);
    await person.shows("ready");
    const pasted = `${"x".repeat(100)}\n`.repeat(2_000);
    person.type(`${pasted}end`);
    await person.shows("end");
    person.type("\x03");
    const { stdout, code } = await person.ended;
    assert.equal(code, 130);
    assert.ok(stdout.includes(pasted), `${stdout.length} characters`);
  });

  it("that shows nothing any more does not keep a command from ending at SIGTERM", async () => {
    const person = session([...shell, "-c", "echo ready; while :; do echo full; done"]);
    await person.shows("ready");
    person.child.kill("SIGUSR2");
    const [tinydocker = 0] = childrenOf(person.child.pid);
    process.kill(tinydocker, "SIGTERM");
    await gone(tinydocker);
    assert.equal((await rig.run(["run", "--image", "box", "c1", "true"])).code, 0);
    person.child.kill("SIGCONT");
    assert.equal((await person.ended).code, 143);
  });

  for (const words of [[], ["-t"], ["-i"]]) {
    it(`that is closed ends the command and tinydocker, by the signal that says so: ${words}`, async () => {
      const command = ["busybox", "tail", "-f", "/proc/version"];
      const person = session(["run", ...words, "--image", "box", "c1", ...command]);
      await person.shows("Linux version");
      person.child.kill("SIGTERM");
      assert.equal((await person.ended).code, 129);
      assert.deepEqual(traces(rig.root, "c1"), clean);
    });
  }

  it("is back in cooked mode after the command, and after one that can't be started", async () => {
    for (const command of [["true"], ["nosuch"]]) {
      const person = session(["run", "--image", "box", "c1", ...command]);
      assert.match((await person.ended).stderr, /cooked/);
    }
  });

  it("is not made for a command whose output is redirected", async () => {
    const { stdout } = await rig.run(["run", "--image", "box", "c1", "sh", "-c", "tty; echo T=$TERM"]);
    assert.equal(stdout, "not a tty\nT=\n");
  });
});
