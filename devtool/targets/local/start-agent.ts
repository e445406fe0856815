import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { Failure } from "../../failure.ts";
import { Greeting, NoAgent, type StartedAgent } from "../agent-client/greeting.ts";
import { newToken } from "../login-shell/token.ts";

const START_DEADLINE_MS = 10_000;

/** Starts the agent as a child process, which ends when its stdin does. @throws Failure when it can't be started */
export async function startAgent(path: string, withRoot: boolean, where: string): Promise<StartedAgent> {
  const token = newToken();
  const client = randomBytes(8).toString("hex");
  const args = [path, token, "login", client, withRoot ? "sudo" : "no-sudo"];
  // detached: Ctrl-C on this terminal must reach devtool alone; the agent ends when devtool does.
  const child = spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"], detached: true });
  const greeting = new Greeting({ token, deadlineMs: START_DEADLINE_MS });
  child.stdin.on("error", () => {}); // its exit follows
  child.stdout.on("data", (chunk: Buffer) => greeting.stdout(chunk));
  child.on("error", (error) => greeting.ended(error.message));
  const ended = new Promise<void>((settle) => {
    child.on("exit", (code, signal) => {
      greeting.ended(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`);
      settle();
    });
  });
  try {
    return { hello: await greeting.hello, root: greeting.root, ended, end: () => void child.stdin.end() };
  } catch (error) {
    child.stdin.end();
    child.kill();
    if (!(error instanceof NoAgent)) throw error;
    throw new Failure(`can't start the agent on ${where}: ${error.message}`, {
      code: "agent-failed",
      remedy:
        "try again; if it stays so, check this machine's limits of processes and memory (ulimit -a), and devtool doctor",
      cause: error,
    });
  }
}
