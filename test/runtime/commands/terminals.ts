import { type ChildProcess, execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Scope } from "../../rig/host.ts";
import { type Outcome, outcomeOf, type Tinydocker } from "../../rig/tinydocker.ts";

/** A person at a terminal of 24 by 80, which SIGUSR1 makes 50 by 132. */
export interface Session {
  readonly child: ChildProcess;
  type(keys: string): void;
  /** Settles once the screen shows the text, after what earlier calls saw. */
  shows(text: string): Promise<void>;
  readonly ended: Promise<Outcome>;
}

/** Starts tinydocker at a new terminal, with the words of `prefix` before it. */
export type StartSession = (args: readonly string[], prefix?: readonly string[]) => Session;

export function terminals(rig: Tinydocker, scope: Scope): StartSession {
  const pty = join(rig.directory, "pty");
  execFileSync("gcc", ["-Wall", "-Wextra", "-Werror", "-o", pty, "test/native/pty.c", "-lutil"]);
  return (args, prefix = []) => {
    const options = { prefix: [pty, "24", "80", "50", "132", ...prefix], env: { TERM: "vt100" } };
    const child = rig.spawn(args, options);
    // It would keep a failed test from ending.
    scope.after(async () => void child.kill("SIGKILL"));
    return sessionOf(child);
  };
}

function sessionOf(child: ChildProcess): Session {
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
