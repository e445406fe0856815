import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isatty } from "node:tty";
import type { Call } from "../command-line/command.ts";
import type { Options } from "../command-line/options.ts";
import { findConfigFile } from "../config/find.ts";
import { askWatch } from "../control/ask.ts";
import { wayOf } from "../control/messages.ts";
import { ConnectionLost } from "../failure.ts";
import { exitCodeOfStatus } from "../process/exit-code.ts";
import { reportOf } from "../report/origin.ts";
import { locale } from "../run/locale.ts";
import { streamed, terminalOf } from "../run/stream.ts";
import { stdioFor } from "./stdio.ts";

/** Runs the command over the connection of the project's watch, with what that has sent; undefined where no watch does it. */
export async function runBesideWatch(call: Call): Promise<number | undefined> {
  const { options, words, report, interrupts } = call;
  const { signal } = interrupts;
  const startedAt = performance.now();
  const config = hasOwnWay(options) ? undefined : configFile(options.config);
  if (config === undefined) return undefined;
  const terminal = isatty(0) && isatty(1) ? (terminalOf(stdioFor(call, true)) ?? null) : null;
  // Once it is asked for: opening the standard input takes about as long as the watch needs to start the command.
  setImmediate(() => stdioFor(call, true));
  const request = { ...wayOf(options), config, words, locale: locale(), terminal, age: startedAt };
  const begun = await askWatch(dirname(config), request, report, signal);
  if (!begun) return undefined;
  const own = reportOf(report, { target: begun.target });
  const run = { stdio: stdioFor({ ...call, report: own }, true), interrupts };
  const launched = { kind: "process", process: begun.process } as const;
  const status = await streamed(launched, run, own, { signal, startedAt }).catch((error: unknown) => {
    throw error instanceof ConnectionLost ? lostWith(begun.target, error) : error;
  });
  return exitCodeOfStatus(status);
}

/** Which of the two it was only the watch knows. */
function lostWith(target: string, cause: ConnectionLost): ConnectionLost {
  const message = `devtool watch, over whose connection to ${target} this ran, has ended or lost it`;
  return new ConnectionLost(message, { cause });
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
