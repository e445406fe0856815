import { report } from "../report.ts";
import { isBrokenPipe, SIGPIPE_EXIT } from "../write.ts";
import { runWith } from "./run-with.ts";
import { untyped, type Verb } from "./verb.ts";

/** dist/ has each in a file of its own, so that one loads nothing but what it needs. */
export const LOADED: Readonly<Record<string, () => Promise<Verb>>> = {
  ps: async () => untyped((await import("./ps.ts")).psVerb),
  start: async () => untyped((await import("./start.ts")).startVerb),
  stop: async () => untyped((await import("./stop.ts")).stopVerb),
  restart: async () => untyped((await import("./restart.ts")).restartVerb),
  kill: async () => untyped((await import("./kill.ts")).killVerb),
  logs: async () => untyped((await import("./logs.ts")).logsVerb),
  attach: async () => untyped((await import("./attach.ts")).attachVerb),
  pause: async () => untyped((await import("./pause.ts")).pauseVerb),
  unpause: async () => untyped((await import("./unpause.ts")).unpauseVerb),
  wait: async () => untyped((await import("./wait.ts")).waitVerb),
  rm: async () => untyped((await import("./rm.ts")).rmVerb),
  rename: async () => untyped((await import("./rename.ts")).renameVerb),
  inspect: async () => untyped((await import("./inspect.ts")).inspectVerb),
  stats: async () => untyped((await import("./stats.ts")).statsVerb),
  events: async () => untyped((await import("./events.ts")).eventsVerb),
  port: async () => untyped((await import("./port.ts")).portVerb),
  diff: async () => untyped((await import("./diff.ts")).diffVerb),
  cp: async () => untyped((await import("./cp.ts")).cpVerb),
  export: async () => untyped((await import("./export.ts")).exportVerb),
  commit: async () => untyped((await import("./commit.ts")).commitVerb),
};

/** Runs the verb of that name with the arguments after it. Reports what goes wrong, and returns the exit code. */
export async function runVerb(name: string, args: readonly string[]): Promise<number> {
  try {
    if (name === "create") return await (await import("./create.ts")).createCommand(args);
    // Its options are those of ps.
    if (name === "top") return await (await import("../top.ts")).topCommand(args);
    const verb = await LOADED[name]?.();
    return verb ? await runWith(name, verb, args) : 125;
  } catch (error) {
    return isBrokenPipe(error) ? SIGPIPE_EXIT : report(error);
  }
}
