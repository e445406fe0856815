import type { Command } from "../command-line/command.ts";
import { buildOnce } from "../dev/loop.ts";
import { openJob } from "./session.ts";

/** devtool sync: bundles, and brings the mirror up to date. */
export const command: Command = async (call) => {
  await buildOnce(await openJob(call), "sync");
  return 0;
};
