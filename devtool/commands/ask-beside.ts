import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isatty } from "node:tty";
import type { Call } from "../command-line/command.ts";
import type { Options } from "../command-line/options.ts";
import { findConfigFile } from "../config/find.ts";
import { type Asked, askWatch } from "../control/ask.ts";
import { wayOf } from "../control/messages.ts";
import { locale } from "../run/locale.ts";
import { terminalAt } from "../run/terminal.ts";

type Plain = Pick<Call, "options" | "words">;

/** Asks the watch of the project to run the command, over its connection and with what that has sent; undefined where there is none. */
export async function askBeside({ options, words }: Plain): Promise<Asked | undefined> {
  const config = hasOwnWay(options) ? undefined : configFile(options.config);
  if (config === undefined) return undefined;
  const terminal = options.format !== "json" && isatty(0) && isatty(1) ? terminalAt(process.stdout) : null;
  return await askWatch(dirname(config), { ...wayOf(options), config, words, locale: locale(), terminal });
}

/** Whether more is asked for than to run a command. */
function hasOwnWay({ provision, force, timings, inspect, ports }: Options): boolean {
  const hasPorts = ports.published || ports.forward.length + ports.reverse.length > 0;
  return provision || force || timings || inspect !== undefined || hasPorts;
}

/** As the watch of the project names it. */
function configFile(named: string | undefined): string | undefined {
  try {
    const file = named === undefined ? findConfigFile(process.cwd()) : resolve(named);
    return file && join(realpathSync(dirname(file)), basename(file));
  } catch {
    return undefined; // the run by itself says why
  }
}
