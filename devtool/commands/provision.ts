import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Call, Command } from "../command-line/command.ts";
import { openTarget } from "../dev/session.ts";
import { Failure, onTarget } from "../failure.ts";
import { eachLine } from "../process/lines.ts";
import type { Event, Report } from "../report/events.ts";
import { reportOf } from "../report/origin.ts";
import type { Connection, Target } from "../targets/target.ts";

/** devtool provision: installs on the target what is missing there. */
export const command: Command = async (call) => {
  const { target, root } = await openTarget(call);
  await provisionTarget(target, root, call);
  return 0;
};

/** Quick where nothing is missing. @throws Failure when the script ends with an error */
export async function provisionTarget(
  target: Target,
  root: string,
  { report, interrupts }: Pick<Call, "report" | "interrupts">,
): Promise<void> {
  await onTarget(target.name, provision(target, root, reportOf(report, { target: target.name }), interrupts.signal));
}

async function provision(target: Target, root: string, report: Report, signal: AbortSignal): Promise<void> {
  const script = await readScript(root);
  report({ event: "stage", stage: "connect" });
  const connection = await target.connect(signal);
  try {
    report({ event: "stage", stage: "provision" });
    const onLine = (text: string) => report(progressOf(text) ?? { event: "log", text });
    const code = await runScript(connection, script, onLine, signal);
    if (code === 0) return;
    throw new Failure(`provisioning ${target.name} failed (exit code ${code}); its output is above`, {
      code: "provision-failed",
      remedy: "it needs Debian or Ubuntu, and root or sudo without a password",
    });
  } finally {
    await connection.close();
  }
}

/** Passed on: the path of a tinydocker there, whose containers start with the machine. */
const BOOT = "TINYDOCKER_BOOT";

/** Through the login shell: the target may have no Node.js yet, which the agent needs. */
async function runScript(
  connection: Connection,
  script: string,
  onLine: (line: string) => void,
  signal: AbortSignal,
): Promise<number | null> {
  const { [BOOT]: boot } = process.env;
  const env = { PROVISION_PROGRESS: "1", ...(boot ? { [BOOT]: boot } : {}) };
  const shell = await connection.exec(["sh", "-s"], { env, withoutAgent: true, asRoot: true, signal });
  shell.stdin.end(script);
  const [status] = await Promise.all([shell.exited, eachLine(shell.stdout, onLine), eachLine(shell.stderr, onLine)]);
  signal.throwIfAborted();
  return status.code;
}

/** A line of apt's Status-Fd, as in `pmstatus:gcc:35.7:Unpacking gcc (amd64)`; apt's doc/progress-reporting.md. */
function progressOf(line: string): Event | undefined {
  const [, percent, text] = /^(?:dl|pm)status:[^:]*:([\d.]+):(.*)$/.exec(line) ?? [];
  if (percent === undefined || text === undefined) return undefined;
  return { event: "progress", stage: "provision", percent: Number(percent), text };
}

/** The project's own script, else devtool's, which is one folder up from dist/*.js and two from this source file. */
async function readScript(root: string): Promise<string> {
  const ours = import.meta.url.endsWith(".ts") ? "../../vagrant/provision.sh" : "../vagrant/provision.sh";
  const script = await readFile(join(root, "vagrant/provision.sh"), "utf8").catch(() =>
    readFile(fileURLToPath(new URL(ours, import.meta.url)), "utf8"),
  );
  // As git checks it out on Windows, where .gitattributes does not say otherwise.
  return script.replaceAll("\r\n", "\n");
}
