import type { Command } from "../command.ts";
import { openJob } from "../job.ts";
import { buildOnce } from "../loop.ts";

/** devtool sync: bundles, and brings the mirror up to date. */
export const command: Command = async (call) => {
  await buildOnce(await openJob(call), "sync");
  return 0;
};
