import { loadImages } from "../../image/load/load.ts";
import { stateRoot } from "../../state/root.ts";
import { notEmpty, operands } from "../operands.ts";
import { writeToOutput } from "../output/queued-output.ts";
import { undoneBySignals } from "../signals.ts";
import { verb } from "../verbs/verb.ts";
import { compileLess } from "./compile-less.ts";
import { formOf, layerReport, REPORT_OPTIONS } from "./layer-report.ts";

export const loadVerb = verb({
  synopsis: "",
  describe: "Store the images that docker save or an OCI tool wrote",
  options: {
    input: {
      type: "string",
      short: "i",
      describe: "FILE.tar[.gz|.zst], or the directory of an OCI layout; default: standard input",
    },
    name: { type: "string", describe: "the name of an image that has none there" },
    ...REPORT_OPTIONS,
    quiet: { ...REPORT_OPTIONS.quiet, describe: "print nothing about layers" },
  },
  run: async ({ input = "-", name, ...form }, rest) => {
    operands(rest, []);
    notEmpty(input, "the file of -i");
    await compileLess();
    await undoneBySignals(async (signal) => {
      const { layer: progress, end } = layerReport(formOf(form), signal);
      const request = { root: stateRoot(), source: input, stdin: process.stdin, name, signal, progress };
      for (const loaded of await loadImages(request).finally(end)) {
        const line = form.json ? JSON.stringify({ type: "loaded", name: loaded }) : `Loaded image: ${loaded}`;
        await writeToOutput(Buffer.from(`${line}\n`), signal);
      }
    });
    return 0;
  },
});
