import { report } from "../output/report.ts";
import { isBrokenPipe, SIGPIPE_EXIT } from "../output/write.ts";
import { ALIASES } from "./aliases.ts";
import { runWith } from "./run-with.ts";
import { untyped, type Verb, type Verbs } from "./verb.ts";

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
  update: async () => untyped((await import("./update.ts")).updateVerb),
  rm: async () => untyped((await import("./rm.ts")).rmVerb),
  prune: async () => untyped((await import("./prune.ts")).pruneVerb),
  rename: async () => untyped((await import("./rename.ts")).renameVerb),
  inspect: async () => untyped((await import("./inspect.ts")).inspectVerb),
  stats: async () => untyped((await import("./stats.ts")).statsVerb),
  events: async () => untyped((await import("./events.ts")).eventsVerb),
  port: async () => untyped((await import("./port.ts")).portVerb),
  diff: async () => untyped((await import("./diff.ts")).diffVerb),
  cp: async () => untyped((await import("./cp.ts")).cpVerb),
  export: async () => untyped((await import("./export.ts")).exportVerb),
  commit: async () => untyped((await import("./commit.ts")).commitVerb),
  login: async () => untyped((await import("../image/login.ts")).loginVerb),
  logout: async () => untyped((await import("../image/login.ts")).logoutVerb),
  info: async () => untyped((await import("./info.ts")).infoVerb),
  version: async () => untyped((await import("./version.ts")).versionVerb),
};

/** Most of these load what speaks HTTP. */
const TRANSFERS: readonly string[] = ["pull", "push", "load", "import", "save"];

export const GROUPS: Readonly<Record<string, (verb: string) => Promise<Verbs>>> = {
  image: async (verb) =>
    TRANSFERS.includes(verb)
      ? (await import("../image/transfers.ts")).IMAGE_TRANSFERS
      : (await import("../image/image.ts")).IMAGE_VERBS,
  network: async () => (await import("../network.ts")).NETWORK_VERBS,
  system: async () => (await import("../system.ts")).SYSTEM_VERBS,
  volume: async () => (await import("../volume.ts")).VOLUME_VERBS,
};

/** docker's words for verbs of images without `image`. */
const OF_IMAGES: readonly string[] = [...TRANSFERS, "history", "tag"];
const WITHOUT_GROUP: Readonly<Record<string, readonly [group: string, verb: string]>> = {
  ...Object.fromEntries(OF_IMAGES.map((verb) => [verb, ["image", verb]])),
  images: ["image", "ls"],
  rmi: ["image", "rm"],
};

/** docker's words for it. */
const VERSION: readonly string[] = ["--version", "-v"];

/**
 * Runs the verb that the arguments begin with. Reports what goes wrong, and returns the exit code; undefined if they name no
 * verb.
 */
export async function runVerb(args: readonly string[]): Promise<number | undefined> {
  const [command = "", ...rest] = args;
  try {
    if (VERSION.includes(command)) return await runVerb(["version"]);
    if (command === "create") return await (await import("./create.ts")).createCommand(rest);
    // Its options are those of ps.
    if (command === "top") return await (await import("../top.ts")).topCommand(rest);
    const found = await find(command, rest);
    return found && (await runWith(found.name, found.verb, found.args));
  } catch (error) {
    return isBrokenPipe(error) ? SIGPIPE_EXIT : report(error);
  }
}

interface Found {
  /** As it was written. */
  readonly name: string;
  readonly verb: Verb;
  readonly args: readonly string[];
}

async function find(command: string, args: readonly string[]): Promise<Found | undefined> {
  const [word = "", ...rest] = args;
  if (Object.hasOwn(GROUPS, command))
    return found(`${command} ${word}`, await inGroup(command, own(ALIASES, word) ?? word), rest);
  const grouped = own(WITHOUT_GROUP, command);
  return found(command, await (grouped ? inGroup(...grouped) : own(LOADED, command)?.()), args);
}

async function inGroup(group: string, verb: string): Promise<Verb | undefined> {
  return own((await own(GROUPS, group)?.(verb)) ?? {}, verb);
}

function found(name: string, verb: Verb | undefined, args: readonly string[]): Found | undefined {
  return verb && { name, verb, args };
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
