import type { Command } from "../command-line/command.ts";
import { buildOnce } from "../dev/once.ts";
import { openSession } from "../dev/session.ts";

/** devtool sync: bundles, and updates the mirror; with --dry-run it only says what that would change there. */
export const command: Command = async (call) => {
  await buildOnce(await openSession(call), call.options.dryRun ? "preview" : "sync");
  return 0;
};
