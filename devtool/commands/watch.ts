import type { Command } from "../command-line/command.ts";
import { watchProject } from "../dev/loop.ts";
import { openSession } from "../dev/session.ts";
import { programEnvironment } from "../run/environment.ts";
import { provisionTarget } from "./provision.ts";
import { commandLine } from "./run.ts";
import { stdioFor } from "./stdio.ts";

/** devtool watch [options] [NAME CMD…] */
export const command: Command = async (call) => {
  const session = await openSession(call);
  commandLine(session.project, call.words);
  if (call.options.provision) await provisionTarget(session.target, session.project.root, call);
  const { interrupts } = call;
  return await watchProject(session, (project, report) => ({
    argv: commandLine(project, call.words),
    environment: () => programEnvironment(project),
    stdio: stdioFor({ ...call, report }, false),
    interrupts,
  }));
};
