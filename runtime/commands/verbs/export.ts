import { resolve } from "node:path";
import { exportedArchive } from "../../container/export.ts";
import { nameOf } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { notEmpty } from "../operands.ts";
import { archiveToFile, archiveToOutput } from "../output/archive-output.ts";
import { undoneBySignals } from "../signals.ts";
import { one } from "./each.ts";
import { verb } from "./verb.ts";

export const exportVerb = verb({
  synopsis: "NAME",
  describe: "Write the root file system of a container as a tar archive, which image import takes",
  options: { output: { type: "string", short: "o", describe: "FILE.tar; default: standard output" } },
  run: async ({ output }, names) => {
    notEmpty(output, "the file of -o");
    const root = resolve(stateRoot());
    const name = nameOf(root, one(names));
    const archive = exportedArchive(root, name);
    await undoneBySignals((signal) =>
      output === undefined
        ? archiveToOutput(archive, `tinydocker export -o FILE.tar ${name}`, signal)
        : archiveToFile(archive, output, signal),
    );
    return 0;
  },
});
