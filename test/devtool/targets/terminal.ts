import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Sshd } from "../../rig/sshd.ts";

const PROGRAM = fileURLToPath(new URL("ssh/connect-once.ts", import.meta.url));

export function connectOnce(sshd: Sshd, ...argv: string[]): string[] {
  return [process.execPath, "--import", "tsx", PROGRAM, sshd.configFile, sshd.host, ...argv];
}

/**
 * Connects on a terminal of its own (util-linux's script), types an answer at each prompt, or does what is given instead of one,
 * and returns all that was shown.
 */
export async function onTerminal(
  sshd: Sshd,
  prompt: RegExp,
  ...answers: (string | (() => Promise<void>))[]
): Promise<string> {
  const command = connectOnce(sshd)
    .map((word) => `'${word}'`)
    .join(" ");
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  let shown = "";
  let unanswered = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
    unanswered += text;
    if (!prompt.test(unanswered)) return;
    unanswered = "";
    const answer = answers.shift();
    if (typeof answer === "function") void answer();
    else if (answer !== undefined) child.stdin.write(answer);
  });
  await once(child, "close");
  return shown;
}

/** The same in a session without a controlling terminal. */
export async function withoutTerminal(sshd: Sshd, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const child = detached(sshd, env);
  let shown = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    shown += text;
  });
  await once(child, "close");
  return shown;
}

export function detached(sshd: Sshd, env: NodeJS.ProcessEnv = process.env, ...argv: string[]): ChildProcess {
  const [file = "", ...args] = connectOnce(sshd, ...argv);
  return spawn(file, args, { detached: true, env, stdio: ["ignore", "pipe", "inherit"] });
}
