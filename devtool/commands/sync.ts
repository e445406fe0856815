import type { Command } from "../command-line/command.ts";
import { buildOnce } from "../dev/once.ts";
import { openSession } from "../dev/session.ts";

/** devtool sync: bundles, and updates the mirror. */
export const command: Command = async (call) => {
  await buildOnce(await openSession(call), "sync");
  return 0;
};
