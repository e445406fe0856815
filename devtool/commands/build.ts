import type { Command } from "../command-line/command.ts";
import { buildOnce } from "../dev/once.ts";
import { openSession } from "../dev/session.ts";

/** devtool build: bundles, updates the mirror, and compiles there. */
export const command: Command = async (call) => {
  await buildOnce(await openSession(call), "build");
  return 0;
};
