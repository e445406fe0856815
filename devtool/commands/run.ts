import type { Command } from "../command-line/command.ts";
import { runBesideWatch } from "./run-beside.ts";

/** devtool run [options] [CMD…] */
export const command: Command = async (call) => {
  const code = await runBesideWatch(call);
  // Most of the program's code, which a run beside a watch does not need.
  return code ?? (await (await import("./run-alone.ts")).runAlone(call));
};
