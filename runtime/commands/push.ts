import type { CommandModule } from "yargs";
import { pushImage } from "../image/push/push.ts";
import { familiarName, parseReference } from "../image/registry/reference.ts";
import { stateRoot } from "../state/root.ts";
import { formOf, layerReport, REPORT_OPTIONS } from "./layer-report.ts";
import { undoneBySignals } from "./signals.ts";

export const pushCommand: CommandModule<object, { name: string; quiet: boolean; json: boolean }> = {
  command: "push <name>",
  describe: "Send an image to its registry",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "[HOST[:PORT]/]NAME[:TAG]" })
      .options(REPORT_OPTIONS),
  handler: ({ name, ...options }) =>
    undoneBySignals(async (signal) => {
      const reference = parseReference(name);
      const report = layerReport(formOf(options));
      const pushed = pushImage({ root: stateRoot(), reference, env: process.env, signal, progress: report.layer });
      const { digest } = await pushed.finally(report.end);
      const familiar = familiarName(reference);
      if (options.json) process.stdout.write(`${JSON.stringify({ type: "pushed", name: familiar, digest })}\n`);
      else process.stdout.write(options.quiet ? `${familiar}\n` : `${familiar}: pushed, ${digest}\n`);
    }),
};
