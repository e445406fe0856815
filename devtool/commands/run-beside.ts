import type { Call } from "../command-line/command.ts";
import type { Asked } from "../control/ask.ts";
import { begun } from "../control/begun.ts";
import { ConnectionLost } from "../failure.ts";
import { exitCodeOfStatus } from "../process/exit-code.ts";
import { reportOf } from "../report/origin.ts";
import { streamed } from "../run/stream.ts";
import { stdioFor } from "./stdio.ts";

/** Carries the command that was asked for until it ends; undefined where the watch does not start it. */
export async function runBeside(asked: Asked, call: Call): Promise<number | undefined> {
  const { report, interrupts } = call;
  const { signal } = interrupts;
  stdioFor(call, true); // opening the standard input takes about as long as the watch needs to start the command
  const started = await begun(asked, report, signal);
  if (!started) return undefined;
  const { target, process } = started;
  const own = reportOf(report, { target });
  const run = { stdio: stdioFor({ ...call, report: own }, true), interrupts };
  const status = await streamed({ kind: "process", process }, run, own, { signal, startedAt: asked.at }).catch(
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
