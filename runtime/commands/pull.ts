import type { CommandModule } from "yargs";
import { hintsOf } from "../image/hints.ts";
import { pullImage } from "../image/pull/pull.ts";
import { familiarName, parseReference } from "../image/registry/reference.ts";
import { stateRoot } from "../state/root.ts";
import { formOf, layerReport, REPORT_OPTIONS } from "./layer-report.ts";
import { undoneBySignals } from "./signals.ts";

export const pullCommand: CommandModule<object, { name: string; quiet: boolean; json: boolean }> = {
  command: "pull <name>",
  describe: "Fetch an image from its registry",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "[HOST[:PORT]/]NAME[:TAG][@DIGEST]" })
      .options(REPORT_OPTIONS),
  handler: ({ name, quiet, json }) => undoneBySignals((signal) => pullAndReport(name, { quiet, json }, signal)),
};

async function pullAndReport(
  name: string,
  { quiet, json }: { quiet: boolean; json: boolean },
  signal: AbortSignal,
): Promise<void> {
  const reference = parseReference(name);
  const report = layerReport(formOf({ quiet, json }));
  const pulled = await pullImage({
    root: stateRoot(),
    reference,
    env: process.env,
    signal,
    progress: report.layer,
  }).finally(report.end);
  for (const hint of hintsOf(pulled.notes)) process.stderr.write(`tinydocker: ${hint}\n`);
  const { manifest, id, upToDate } = pulled;
  const familiar = familiarName(reference);
  if (json)
    process.stdout.write(
      `${JSON.stringify({ type: "pulled", name: familiar, digest: manifest.digest, id, upToDate })}\n`,
    );
  else
    process.stdout.write(
      quiet ? `${familiar}\n` : `${familiar}: ${upToDate ? "up to date" : "pulled"}, ${manifest.digest}\n`,
    );
}
