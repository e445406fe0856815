import type { Command } from "../command.ts";
import { openJob } from "../job.ts";
import { buildOnce } from "../loop.ts";

/** devtool build: bundles, brings the mirror up to date, and compiles there. */
export const command: Command = async (call) => {
  await buildOnce(await openJob(call), "compile");
  return 0;
};
