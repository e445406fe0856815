import { pushImage } from "../../image/push/push.ts";
import { familiarName, parseReference } from "../../image/registry/reference.ts";
import { stateRoot } from "../../state/root.ts";
import { operands } from "../operands.ts";
import { writeAll } from "../output/write.ts";
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
    const { digest } = await undoneBySignals((signal) => {
      const { layer: progress, end } = layerReport(formOf(form), signal);
      return pushImage({ root: stateRoot(), reference, env: process.env, signal, progress }).finally(end);
    });
    const familiar = familiarName(reference);
    const line = form.quiet ? familiar : `${familiar}: pushed, ${digest}`;
    writeAll(1, `${form.json ? JSON.stringify({ type: "pushed", name: familiar, digest }) : line}\n`);
    return 0;
  },
});
