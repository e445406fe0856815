import { loadImages } from "../../image/load/load.ts";
import { stateRoot } from "../../state/root.ts";
import { notEmpty, operands } from "../operands.ts";
import { writeAll } from "../output/write.ts";
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
  },
  run: async ({ input = "-", name, ...form }, rest) => {
    operands(rest, []);
    notEmpty(input, "the file of -i");
    await compileLess();
    const names = await undoneBySignals((signal) => {
      const { layer: progress, end } = layerReport(formOf(form), signal);
      const request = { root: stateRoot(), source: input, stdin: process.stdin, name, signal, progress };
      return loadImages(request).finally(end);
    });
    for (const loaded of names) {
      const line = form.json ? JSON.stringify({ type: "loaded", name: loaded }) : loaded;
      writeAll(1, form.json || form.quiet ? `${line}\n` : `${line}: loaded\n`);
    }
    return 0;
  },
});
