import type { Command } from "../command-line/command.ts";
import { buildOnce } from "../dev/loop.ts";
import { openJob } from "./session.ts";

/** devtool build: bundles, brings the mirror up to date, and compiles there. */
export const command: Command = async (call) => {
  await buildOnce(await openJob(call), "compile");
  return 0;
};
