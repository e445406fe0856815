import type { Argv, CommandModule } from "yargs";
import { removeImage } from "../image/remove.ts";
import { stateRoot } from "../state/root.ts";
import { forEachName } from "./each-name.ts";
import { verbHelp } from "./help.ts";
import { historyCommand } from "./history.ts";
import { listCommand } from "./image-list.ts";
import { importCommand } from "./import.ts";
import { loadCommand } from "./load.ts";
import { pullVerb } from "./pull.ts";
import { pushCommand } from "./push.ts";
import { saveCommand } from "./save.ts";
import { inspectCommand, pruneCommand, tagCommand } from "./stored-images.ts";

export const imageCommand: CommandModule = {
  command: "image",
  describe: "Fetch, import, list and remove images",
  builder: (yargs: Argv) =>
    yargs
      .command(verbHelp(["pull", pullVerb]))
      .command(pushCommand)
      .command(loadCommand)
      .command(saveCommand)
      .command(importCommand)
      .command(listCommand)
      .command(removeCommand)
      .command(inspectCommand)
      .command(historyCommand)
      .command(tagCommand)
      .command(pruneCommand)
      .demandCommand(
        1,
        "the command is missing: pull, push, load, save, import, ls, rm, inspect, history, tag or prune",
      ),
  handler: () => {},
};

const REMOVE: Omit<CommandModule<object, { names: string[]; force: boolean }>, "command"> = {
  describe: "Remove images that no container uses",
  builder: (yargs) =>
    yargs
      .positional("names", { type: "string", array: true, demandOption: true, describe: "names, or ids" })
      .option("force", { type: "boolean", alias: "f", default: false, describe: "none that is missing is an error" }),
  handler: ({ names, force }) =>
    forEachName(names, (name) => removeImage(stateRoot(), name), force ? "image-not-found" : undefined),
};

const removeCommand = { ...REMOVE, command: "rm <names..>" };
export const rmiCommand = { ...REMOVE, command: "rmi <names..>" };
