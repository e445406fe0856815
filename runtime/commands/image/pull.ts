import { Failure } from "../../failure.ts";
import { hintsOf } from "../../image/hints.ts";
import { pullImage } from "../../image/pull/pull.ts";
import { familiarName, parseReference } from "../../image/registry/reference.ts";
import { stateRoot } from "../../state/root.ts";
import type { Values } from "../options/option.ts";
import { report } from "../output/report.ts";
import { say } from "../output/say.ts";
import { isBrokenPipe, SIGPIPE_EXIT, writeAll } from "../output/write.ts";
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

async function pullAndReport(name: string, form: Values<typeof REPORT_OPTIONS>): Promise<void> {
  const reference = parseReference(name);
  const pulled = await undoneBySignals((signal) => {
    const { layer: progress, end } = layerReport(formOf(form), signal);
    const request = { root: stateRoot(), reference, env: process.env, signal, progress, fetching: compileLess };
    return pullImage(request).finally(end);
  });
  for (const hint of hintsOf(pulled.notes)) say(`tinydocker: ${hint}\n`);
  const { digest, id, upToDate } = pulled;
  const familiar = familiarName(reference);
  const event = { type: "pulled", name: familiar, digest, id, upToDate };
  const line = form.quiet ? familiar : `${familiar}: ${upToDate ? "up to date" : "pulled"}, ${digest}`;
  writeAll(1, `${form.json ? JSON.stringify(event) : line}\n`);
}
