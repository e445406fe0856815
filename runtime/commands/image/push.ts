import { pushImage } from "../../image/push/push.ts";
import { familiarName, parseReference } from "../../image/registry/reference.ts";
import { stateRoot } from "../../state/root.ts";
import { operands } from "../operands.ts";
import { writeToOutput } from "../output/queued-output.ts";
import { undoneBySignals } from "../signals.ts";
import { verb } from "../verbs/verb.ts";
import { formOf, layerReport, REPORT_OPTIONS } from "./layer-report.ts";

const EACH_TAG = "push each tag by its name; tinydocker images NAME lists them";

export const pushVerb = verb({
  synopsis: "NAME",
  describe: "Send an image to its registry: [HOST[:PORT]/]NAME[:TAG]",
  options: REPORT_OPTIONS,
  unavailable: { a: EACH_TAG, "all-tags": EACH_TAG },
  run: async (form, rest) => {
    const [name] = operands(rest, ["the name of the image"]);
    const reference = parseReference(name);
    const familiar = familiarName(reference);
    await undoneBySignals(async (signal) => {
      const { layer: progress, end } = layerReport(formOf(form), signal);
      const request = { root: stateRoot(), reference, env: process.env, signal, progress };
      const { digest } = await pushImage(request).finally(end);
      const line = form.quiet ? familiar : `${familiar}: pushed, ${digest}`;
      const text = form.json ? JSON.stringify({ type: "pushed", name: familiar, digest }) : line;
      await writeToOutput(Buffer.from(`${text}\n`), signal);
    });
    return 0;
  },
});
