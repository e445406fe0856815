import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { traces } from "../../rig/leaks.ts";
import { importBusybox, type Outcome, outcomeOf, tinydocker } from "../../rig/tinydocker.ts";

const rig = await tinydocker({ after });
await importBusybox(rig);
const clean = traces(rig.root, "c1");
const pty = join(rig.directory, "pty");
execFileSync("gcc", ["-Wall", "-Wextra", "-Werror", "-o", pty, "test/native/pty.c", "-lutil"]);

/** A person at a terminal of 24 by 80, which SIGUSR1 makes 50 by 132. */
interface Session {
  readonly child: ChildProcess;
  type(keys: string): void;
  /** Settles once the screen shows the text, after what earlier calls saw. */
  shows(text: string): Promise<void>;
  readonly ended: Promise<Outcome>;
}

function session(args: readonly string[], env: NodeJS.ProcessEnv = {}): Session {
  const child = rig.spawn(args, { prefix: [pty, "24", "80", "50", "132"], env: { TERM: "vt100", ...env } });
  let screen = "";
  let waiting = () => {};
  child.stdout?.on("data", (chunk: Buffer) => {
    screen += chunk.toString();
    waiting();
  });
  const shows = (text: string) =>
    new Promise<void>((resolve, reject) => {
      waiting = () => {
        const at = screen.indexOf(text);
        if (at < 0) return;
        screen = screen.slice(at + text.length);
        resolve();
      };
      child.once("exit", () => reject(new Error(`it ended and never showed ${text}: ${screen}`)));
      waiting();
    });
  const { stdin } = child;
  const ended = collect(child);
  return { child, type: (keys) => void stdin?.write(keys), shows, ended };
}

/** As outcomeOf, with standard input left open. */
function collect(child: ChildProcess): Promise<Outcome> {
  const { stdin } = child;
  Object.defineProperty(child, "stdin", { value: null });
  const outcome = outcomeOf(child);
  Object.defineProperty(child, "stdin", { value: stdin });
  return outcome;
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
