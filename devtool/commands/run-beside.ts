import { realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { isatty } from "node:tty";
import type { Call } from "../command-line/command.ts";
import type { Options } from "../command-line/options.ts";
import { findConfigFile } from "../config/find.ts";
import { type Asked, askWatch, begun } from "../control/ask.ts";
import { wayOf } from "../control/messages.ts";
import { ConnectionLost } from "../failure.ts";
import { exitCodeOfStatus } from "../process/exit-code.ts";
import { reportOf } from "../report/origin.ts";
import { locale } from "../run/locale.ts";
import { streamed, terminalAt } from "../run/stream.ts";
import { stdioFor } from "./stdio.ts";

type Plain = Pick<Call, "options" | "words">;

interface AskedAt extends Asked {
  readonly startedAt: number;
}

/** Asks the watch of the project to run the command, over its connection and with what that has sent; undefined where there is none. */
export async function askBeside({ options, words }: Plain, signal: AbortSignal): Promise<AskedAt | undefined> {
  const startedAt = performance.now();
  const config = hasOwnWay(options) ? undefined : configFile(options.config);
  if (config === undefined) return undefined;
  const terminal = options.format !== "json" && isatty(0) && isatty(1) ? terminalAt(process.stdout) : null;
  const request = { ...wayOf(options), config, words, locale: locale(), terminal, age: startedAt };
  const asked = await askWatch(dirname(config), request, signal);
  return asked && { ...asked, startedAt };
}

/** Carries the command that was asked for until it ends; undefined where the watch does not start it. */
export async function runBeside({ startedAt, ...asked }: AskedAt, call: Call): Promise<number | undefined> {
  const { signal } = asked;
  const { report, interrupts } = call;
  stdioFor(call, true); // opening the standard input takes about as long as the watch needs to start the command
  const started = await begun(asked, report);
  if (!started) return undefined;
  const { target, process } = started;
  const own = reportOf(report, { target });
  const run = { stdio: stdioFor({ ...call, report: own }, true), interrupts };
  const status = await streamed({ kind: "process", process }, run, own, { signal, startedAt }).catch(
    (error: unknown) => {
      throw error instanceof ConnectionLost ? lostWith(target, error) : error;
    },
  );
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
