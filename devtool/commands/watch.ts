import type { Command } from "../command-line/command.ts";
import { watchProject } from "../dev/loop.ts";
import { provisionTarget } from "./provision.ts";
import { commandLine, endsOf } from "./run.ts";
import { openJob } from "./session.ts";

/** devtool watch [options] [NAME CMD…] */
export const command: Command = async (call) => {
  const job = await openJob(call);
  const argv = commandLine(job.project.run, call.words);
  if (call.options.provision) await provisionTarget(job.target, job.project.root, call);
  return await watchProject(job, (report) => ({ argv, ends: endsOf({ ...call, report }, false) }));
};
