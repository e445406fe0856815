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
import { checkTakesAllTags } from "./all-tags.ts";
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

const OPTIONS = {
  ...REPORT_OPTIONS,
  "all-tags": { type: "boolean", short: "a", describe: "all tags that the registry has of a name without one" },
} as const;

export const pullVerb = verb({
  synopsis: "NAME",
  describe: "Fetch an image from its registry: [HOST[:PORT]/]NAME[:TAG][@DIGEST]",
  options: OPTIONS,
  run: async ({ "all-tags": withAllTags = false, ...form }, [name, ...more]) => {
    if (name === undefined || more.length > 0)
      throw new Failure("pull takes the name of one image", { code: "usage", remedy: "tinydocker pull NAME[:TAG]" });
    if (withAllTags) return pullAllTags(name, form);
    await pullAndReport(parseReference(name), form);
    return 0;
  },
});

/** Goes on after a tag that is not an image for this machine, such as a signature. */
async function pullAllTags(name: string, form: Report): Promise<number> {
  checkTakesAllTags(name);
  const reference = parseReference(name);
  const { listTags } = await import("../../image/registry/list-tags.ts");
  const tags = await undoneBySignals((signal) =>
    listTags(reference, { env: process.env, signal }, `can't pull all tags of ${name}`),
  );
  const { codeOfEach } = await import("../each-name.ts");
  return codeOfEach(tags, (tag) => pullAndReport(parseReference(`${name}:${tag}`), form));
}

async function pullAndReport(reference: Reference, form: Report): Promise<void> {
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
