import { Failure } from "../../failure.ts";
import { hintsOf } from "../../image/hints.ts";
import { type Pulled, pullImage } from "../../image/pull/pull.ts";
import { familiarName, parseReference, type Reference } from "../../image/registry/reference.ts";
import { stateRoot } from "../../state/root.ts";
import type { Values } from "../options/option.ts";
import { sayLater, writeToOutput } from "../output/queued-output.ts";
import { report } from "../output/report.ts";
import { isBrokenPipe, SIGPIPE_EXIT } from "../output/write.ts";
import { undoneBySignals } from "../signals.ts";
import { runWith } from "../verbs/run-with.ts";
import { verb } from "../verbs/verb.ts";
import { compileLess } from "./compile-less.ts";
import { formOf, layerReport, REPORT_OPTIONS } from "./layer-report.ts";

/** By the arguments after `pull`. Not one of yargs's commands: loading that takes longer than to see that an image is there. */
export async function pullCommand(args: readonly string[]): Promise<number> {
  try {
    return await runWith("pull", pullVerb, args);
  } catch (error) {
    return isBrokenPipe(error) ? SIGPIPE_EXIT : report(error);
  }
}

type Report = Values<typeof REPORT_OPTIONS>;

const EACH_TAG = "pull each tag by its name; skopeo list-tags docker://NAME lists them";

export const pullVerb = verb({
  synopsis: "NAME",
  describe: "Fetch an image from its registry: [HOST[:PORT]/]NAME[:TAG][@DIGEST]",
  options: REPORT_OPTIONS,
  unavailable: { a: EACH_TAG, "all-tags": EACH_TAG },
  run: async (form, [name, ...more]) => {
    if (name === undefined || more.length > 0)
      throw new Failure("pull takes the name of one image", { code: "usage", remedy: "tinydocker pull NAME[:TAG]" });
    await pullAndReport(name, form);
    return 0;
  },
});

async function pullAndReport(name: string, form: Report): Promise<void> {
  const reference = parseReference(name);
  await undoneBySignals(async (signal) => {
    const { layer: progress, end } = layerReport(formOf(form), signal);
    const request = { root: stateRoot(), reference, env: process.env, signal, progress, fetching: compileLess };
    const pulled = await pullImage(request).finally(end);
    for (const hint of hintsOf(pulled.notes)) await sayLater(Buffer.from(`tinydocker: ${hint}\n`), signal);
    await writeToOutput(Buffer.from(`${summary(reference, pulled, form)}\n`), signal);
  });
}

function summary(reference: Reference, { digest, id, upToDate }: Pulled, { quiet, json }: Report): string {
  const familiar = familiarName(reference);
  if (json) return JSON.stringify({ type: "pulled", name: familiar, digest, id, upToDate });
  if (quiet) return familiar;
  return `Digest: ${digest}\nStatus: ${upToDate ? "Image is up to date" : "Downloaded newer image"} for ${familiar}\n${familiar}`;
}
