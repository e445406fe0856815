import { storedWithTags } from "../../image/content/stored-image.ts";
import { pushImage } from "../../image/push/push.ts";
import { familiarName, parseReference, type Reference } from "../../image/registry/reference.ts";
import { stateRoot } from "../../state/root.ts";
import { operands } from "../operands.ts";
import type { Values } from "../options/option.ts";
import { writeToOutput } from "../output/queued-output.ts";
import { undoneBySignals } from "../signals.ts";
import { verb } from "../verbs/verb.ts";
import { checkTakesAllTags } from "./all-tags.ts";
import { formOf, layerReport, REPORT_OPTIONS } from "./layer-report.ts";

const OPTIONS = {
  ...REPORT_OPTIONS,
  "all-tags": { type: "boolean", short: "a", describe: "all tags that the image has here, of a name without one" },
} as const;

export const pushVerb = verb({
  synopsis: "NAME",
  describe: "Send an image to its registry: [HOST[:PORT]/]NAME[:TAG]",
  options: OPTIONS,
  run: async (form, rest) => {
    const [name] = operands(rest, ["the name of the image"]);
    for (const reference of form["all-tags"] ? allTags(name) : [parseReference(name)]) await push(reference, form);
    return 0;
  },
});

/** Throws Failure. */
function allTags(name: string): Reference[] {
  checkTakesAllTags(name);
  return storedWithTags(stateRoot(), name).map(({ named }) => parseReference(named.name));
}

async function push(reference: Reference, form: Values<typeof REPORT_OPTIONS>): Promise<void> {
  const name = familiarName(reference);
  await undoneBySignals(async (signal) => {
    const { layer: progress, end } = layerReport(formOf(form), signal);
    const request = { root: stateRoot(), reference, env: process.env, signal, progress };
    const { digest, size } = await pushImage(request).finally(end);
    const line = form.quiet ? name : `${reference.tag ?? name}: digest: ${digest} size: ${size}`;
    const text = form.json ? JSON.stringify({ type: "pushed", name, digest }) : line;
    await writeToOutput(Buffer.from(`${text}\n`), signal);
  });
}
