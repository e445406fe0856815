import type { Options, Values } from "../options/option.ts";
import { report } from "../report.ts";
import { topCommand } from "../top.ts";
import { isBrokenPipe, SIGPIPE_EXIT } from "../write.ts";
import { attachVerb } from "./attach.ts";
import { commitVerb } from "./commit.ts";
import { cpVerb } from "./cp.ts";
import { createCommand } from "./create.ts";
import { diffVerb } from "./diff.ts";
import { eventsVerb } from "./events.ts";
import { exportVerb } from "./export.ts";
import { inspectVerb } from "./inspect.ts";
import { killVerb } from "./kill.ts";
import { logsVerb } from "./logs.ts";
import { pauseVerb } from "./pause.ts";
import { portVerb } from "./port.ts";
import { psVerb } from "./ps.ts";
import { renameVerb } from "./rename.ts";
import { restartVerb } from "./restart.ts";
import { rmVerb } from "./rm.ts";
import { runWith } from "./run-with.ts";
import { startVerb } from "./start.ts";
import { statsVerb } from "./stats.ts";
import { stopVerb } from "./stop.ts";
import { unpauseVerb } from "./unpause.ts";
import type { Verb } from "./verb.ts";
import { waitVerb } from "./wait.ts";

/** In the order of the help. */
export const VERBS: Readonly<Record<string, Verb>> = {
  ps: untyped(psVerb),
  start: untyped(startVerb),
  stop: untyped(stopVerb),
  restart: untyped(restartVerb),
  kill: untyped(killVerb),
  logs: untyped(logsVerb),
  attach: untyped(attachVerb),
  pause: untyped(pauseVerb),
  unpause: untyped(unpauseVerb),
  wait: untyped(waitVerb),
  rm: untyped(rmVerb),
  rename: untyped(renameVerb),
  inspect: untyped(inspectVerb),
  stats: untyped(statsVerb),
  events: untyped(eventsVerb),
  port: untyped(portVerb),
  diff: untyped(diffVerb),
  cp: untyped(cpVerb),
  export: untyped(exportVerb),
  commit: untyped(commitVerb),
};

function untyped<T extends Options>({ run, ...about }: Verb<T>): Verb {
  return { ...about, run: (values, rest) => run(values as Values<T>, rest) };
}

/** Runs the verb of that name with the arguments after it. Reports what goes wrong, and returns the exit code. */
export async function runVerb(name: string, args: readonly string[]): Promise<number> {
  try {
    if (name === "create") return await createCommand(args);
    // Its options are those of ps.
    if (name === "top") return await topCommand(args);
    const verb = VERBS[name];
    return verb ? await runWith(name, verb, args) : 125;
  } catch (error) {
    return isBrokenPipe(error) ? SIGPIPE_EXIT : report(error);
  }
}
