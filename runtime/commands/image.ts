import type { Argv, CommandModule } from "yargs";
import type { Extracted } from "../image/extract/root.ts";
import { counted, hints } from "../image/hints.ts";
import { type Imported, importImage } from "../image/import.ts";
import { removeImage } from "../image/remove.ts";
import { bytesInWords } from "../image/words.ts";
import { stateRoot } from "../state/root.ts";
import { verbHelp } from "./help.ts";
import { listCommand } from "./image-list.ts";
import { loadCommand } from "./load.ts";
import { pullVerb } from "./pull.ts";
import { pushCommand } from "./push.ts";
import { saveCommand } from "./save.ts";
import { undoneBySignals } from "./signals.ts";
import { historyCommand, inspectCommand, pruneCommand, tagCommand } from "./stored-images.ts";

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

const importCommand: CommandModule<object, { name: string; source: string }> = {
  command: "import <name> <source>",
  describe: "Make an image from a root file system",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "the image's name" })
      .positional("source", {
        type: "string",
        demandOption: true,
        describe: "FILE.tar[.gz|.zst], a directory, or - for an archive on standard input",
      })
      // Without it yargs reads a lone - as an option and passes an empty string.
      .nargs("source", 1),
  handler: ({ name, source }) => undoneBySignals((signal) => importAndReport(name, source, signal)),
};

const REMOVE: Omit<CommandModule<object, { names: string[] }>, "command"> = {
  describe: "Remove images that no container uses",
  builder: (yargs) =>
    yargs.positional("names", { type: "string", array: true, demandOption: true, describe: "names, or ids" }),
  handler: async ({ names }) => {
    for (const name of names) await removeImage(stateRoot(), name);
  },
};

const removeCommand = { ...REMOVE, command: "rm <names..>" };
export const rmiCommand = { ...REMOVE, command: "rmi <names..>" };

async function importAndReport(name: string, source: string, signal: AbortSignal): Promise<void> {
  const meter = progressMeter(name);
  const imported = await importImage({
    root: stateRoot(),
    name,
    source,
    stdin: process.stdin,
    signal,
    progress: meter.show,
  }).finally(meter.clear);
  for (const hint of hints(imported)) process.stderr.write(`tinydocker: ${hint}\n`);
  process.stdout.write(summary(imported));
}

function summary({ record }: Imported): string {
  return `${record.name}: ${counted(record.files, "file")}, ${bytesInWords(record.bytes)}\n`;
}

const SILENT_MS = 1_000;
const REFRESH_MS = 200;

/** One line on a terminal, shown after the first second. */
function progressMeter(name: string): { show: (done: Readonly<Extracted>) => void; clear: () => void } {
  if (!process.stderr.isTTY) return { show: () => {}, clear: () => {} };
  let next = Date.now() + SILENT_MS;
  let shown = false;
  return {
    show: ({ files, bytes }) => {
      if (Date.now() < next) return;
      next = Date.now() + REFRESH_MS;
      shown = true;
      process.stderr.write(`\r\x1b[Kimporting ${name}: ${counted(files, "file")}, ${bytesInWords(bytes)}`);
    },
    clear: () => {
      if (shown) process.stderr.write("\r\x1b[K");
    },
  };
}
