import type { CommandModule } from "yargs";
import { loadImages } from "../image/load/load.ts";
import { stateRoot } from "../state/root.ts";
import { compileLess } from "./compile-less.ts";
import { formOf, layerReport, REPORT_OPTIONS } from "./layer-report.ts";
import { undoneBySignals } from "./signals.ts";

interface LoadOptions {
  input: string;
  name: string | undefined;
  quiet: boolean;
  json: boolean;
}

export const loadCommand: CommandModule<object, LoadOptions> = {
  command: "load",
  describe: "Store the images that docker save or an OCI tool wrote",
  builder: (yargs) =>
    yargs
      .option("input", {
        type: "string",
        alias: "i",
        default: "-",
        requiresArg: true,
        describe: "FILE.tar[.gz|.zst], or the directory of an OCI layout; default: standard input",
      })
      .option("name", { type: "string", describe: "the name of an image that has none there" })
      .options(REPORT_OPTIONS),
  handler: ({ input, name, ...options }) =>
    undoneBySignals(async (signal) => {
      await compileLess();
      const report = layerReport(formOf(options));
      const request = { root: stateRoot(), source: input, stdin: process.stdin, name, signal, progress: report.layer };
      for (const loaded of await loadImages(request).finally(report.end)) {
        if (options.json) process.stdout.write(`${JSON.stringify({ type: "loaded", name: loaded })}\n`);
        else process.stdout.write(options.quiet ? `${loaded}\n` : `${loaded}: loaded\n`);
      }
    }),
};
