import type { Argv, CommandModule } from "yargs";
import type { Extracted } from "../image/extract/root.ts";
import { counted, hints } from "../image/hints.ts";
import { type Imported, importImage } from "../image/import.ts";
import { bytesInWords, listing } from "../image/listing.ts";
import { removeImage } from "../image/remove.ts";
import { stateRoot } from "../state/root.ts";
import { notIgnored } from "./signals.ts";

export const imageCommand: CommandModule = {
  command: "image",
  describe: "Import, list and remove images",
  builder: (yargs: Argv) =>
    yargs
      .command(importCommand)
      .command(listCommand)
      .command(removeCommand)
      .demandCommand(1, "the command is missing: import, ls or rm"),
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

const listCommand: CommandModule<object, { json: boolean }> = {
  command: "ls",
  aliases: ["list"],
  describe: "List the images",
  builder: (yargs) => yargs.option("json", { type: "boolean", default: false, describe: "as one JSON array" }),
  handler: async ({ json }) => {
    process.stdout.write(await listing(stateRoot(), json));
  },
};

const removeCommand: CommandModule<object, { name: string }> = {
  command: "rm <name>",
  describe: "Remove an image that no container uses",
  builder: (yargs) => yargs.positional("name", { type: "string", demandOption: true, describe: "the image" }),
  handler: ({ name }) => removeImage(stateRoot(), name),
};

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

const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Aborts the work at a signal, lets it undo itself, then ends by that signal, as if it had not been caught. */
async function undoneBySignals(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  let received: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    received ??= signal;
    abort.abort();
  };
  const caught = notIgnored(ENDING_SIGNALS);
  for (const signal of caught) process.on(signal, onSignal);
  try {
    await work(abort.signal);
  } finally {
    for (const signal of caught) process.off(signal, onSignal);
    if (received) process.kill(process.pid, received);
  }
}
