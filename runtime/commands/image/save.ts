import { stat } from "node:fs/promises";
import { savedArchive, saveInto } from "../../image/save/save.ts";
import { systemFailure } from "../../image/system-failure.ts";
import { stateRoot } from "../../state/root.ts";
import { notEmpty, someOf } from "../operands.ts";
import { archiveToFile, archiveToOutput } from "../output/archive-output.ts";
import { undoneBySignals } from "../signals.ts";
import { verb } from "../verbs/verb.ts";

export const saveVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Write images as docker save does: an OCI layout too, in an archive or a directory",
  options: {
    output: { type: "string", short: "o", describe: "FILE.tar, or an existing directory; default: standard output" },
  },
  run: async ({ output }, rest) => {
    const names = someOf(rest, "the name of the image");
    notEmpty(output, "the file of -o");
    await undoneBySignals((signal) => save(names, output, signal));
    return 0;
  },
});

async function save(names: readonly string[], output: string | undefined, signal: AbortSignal): Promise<void> {
  const root = stateRoot();
  if (output === undefined)
    return archiveToOutput(savedArchive(root, names), "tinydocker save -o FILE.tar NAME", signal);
  try {
    if (await isDirectory(output)) await saveInto(root, names, output, signal);
    else await archiveToFile(savedArchive(root, names), output, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw systemFailure(`can't write ${output}`, output, "import-failed", error);
  }
}

async function isDirectory(path: string): Promise<boolean> {
  const there = await stat(path).catch(() => undefined);
  return there?.isDirectory() ?? false;
}
