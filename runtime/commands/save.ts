import { statSync } from "node:fs";
import type { CommandModule } from "yargs";
import { Failure } from "../failure.ts";
import { savedArchive, saveInto } from "../image/save/save.ts";
import { systemFailure } from "../image/system-failure.ts";
import { stateRoot } from "../state/root.ts";
import { archiveToFile } from "./archive-output.ts";
import { undoneBySignals } from "./signals.ts";

export const saveCommand: CommandModule<object, { names: string[]; output: string | undefined }> = {
  command: "save <names..>",
  describe: "Write images as docker save does: an OCI layout too, in an archive or a directory",
  builder: (yargs) =>
    yargs
      .positional("names", { type: "string", array: true, demandOption: true, describe: "names, or ids" })
      .option("output", {
        type: "string",
        alias: "o",
        requiresArg: true,
        describe: "FILE.tar, or an existing directory; default: standard output",
      }),
  handler: ({ names, output }) => undoneBySignals((signal) => save(names, output, signal)),
};

async function save(names: readonly string[], output: string | undefined, signal: AbortSignal): Promise<void> {
  const root = stateRoot();
  if (output === undefined) return toStandardOutput(root, names, signal);
  try {
    if (statSync(output, { throwIfNoEntry: false })?.isDirectory()) await saveInto(root, names, output);
    else await archiveToFile(savedArchive(root, names), output, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw systemFailure(`can't write ${output}`, output, "import-failed", error);
  }
}

async function toStandardOutput(root: string, names: readonly string[], signal: AbortSignal): Promise<void> {
  if (process.stdout.isTTY)
    throw new Failure("an archive is nothing for a terminal", {
      code: "usage",
      remedy: "tinydocker save -o FILE.tar NAME",
    });
  for await (const piece of savedArchive(root, names)) {
    signal.throwIfAborted();
    if (!process.stdout.write(piece)) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
}
