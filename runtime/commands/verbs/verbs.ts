import { loginVerb, logoutVerb } from "../image/login.ts";
import { attachVerb } from "./attach.ts";
import { commitVerb } from "./commit.ts";
import { cpVerb } from "./cp.ts";
import { diffVerb } from "./diff.ts";
import { eventsVerb } from "./events.ts";
import { exportVerb } from "./export.ts";
import { infoVerb } from "./info.ts";
import { inspectVerb } from "./inspect.ts";
import { killVerb } from "./kill.ts";
import { logsVerb } from "./logs.ts";
import { pauseVerb } from "./pause.ts";
import { portVerb } from "./port.ts";
import { pruneVerb } from "./prune.ts";
import { psVerb } from "./ps.ts";
import { renameVerb } from "./rename.ts";
import { restartVerb } from "./restart.ts";
import { rmVerb } from "./rm.ts";
import { startVerb } from "./start.ts";
import { statsVerb } from "./stats.ts";
import { stopVerb } from "./stop.ts";
import { unpauseVerb } from "./unpause.ts";
import { updateVerb } from "./update.ts";
import { untyped, type Verbs } from "./verb.ts";
import { versionVerb } from "./version.ts";
import { waitVerb } from "./wait.ts";

/** In the order of the help. run-verb.ts has the same names. */
export const VERBS: Verbs = {
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
  update: untyped(updateVerb),
  rm: untyped(rmVerb),
  prune: untyped(pruneVerb),
  rename: untyped(renameVerb),
  inspect: untyped(inspectVerb),
  stats: untyped(statsVerb),
  events: untyped(eventsVerb),
  port: untyped(portVerb),
  diff: untyped(diffVerb),
  cp: untyped(cpVerb),
  export: untyped(exportVerb),
  commit: untyped(commitVerb),
  login: untyped(loginVerb),
  logout: untyped(logoutVerb),
  info: untyped(infoVerb),
  version: untyped(versionVerb),
};
