import type { Command } from "../command-line/command.ts";
import { buildOnce } from "../dev/once.ts";
import { openSession } from "../dev/session.ts";

/** devtool sync: bundles, and brings the mirror up to date. */
export const command: Command = async (call) => {
  await buildOnce(await openSession(call), "sync");
  return 0;
};
