import { existsSync } from "node:fs";
import type { CommandModule } from "yargs";
import { Failure } from "../failure.ts";
import { thisArchitecture } from "../host/architecture.ts";
import { importLayer } from "../image/commit/import-layer.ts";
import type { Extracted } from "../image/extract/root.ts";
import { counted, hints } from "../image/hints.ts";
import { type Imported, importImage } from "../image/import.ts";
import { parseReference } from "../image/registry/reference.ts";
import { bytesInWords } from "../image/words.ts";
import { stateRoot } from "../state/root.ts";
import { compileLess } from "./compile-less.ts";
import { undoneBySignals } from "./signals.ts";

interface Asked {
  name: string;
  source: string;
  change: string[];
  message: string;
  platform: string | undefined;
}

const IMPORT: Omit<CommandModule<object, Asked>, "command"> = {
  describe: "Make an image from a root file system",
  builder: (yargs) =>
    yargs
      .usage("$0 import NAME FILE.tar|DIR|-\n$0 import FILE.tar|- REPOSITORY:TAG")
      .positional("name", { type: "string", demandOption: true, describe: "the image's name" })
      .positional("source", {
        type: "string",
        demandOption: true,
        describe:
          "FILE.tar[.gz|.zst], a directory, or - for an archive on standard input. In docker's order it comes first: where the first word is - or begins with / or ., or the second one has a ':'; then the image is one of layers",
      })
      // Without it yargs reads a lone - as an option and passes an empty string.
      .nargs("name", 1)
      .nargs("source", 1)
      .option("change", {
        type: "string",
        alias: "c",
        array: true,
        nargs: 1,
        default: [] as string[],
        describe:
          "in docker's order: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR, as in a Dockerfile",
      })
      .option("message", {
        type: "string",
        alias: "m",
        default: "",
        describe: "in docker's order: a comment in its history",
      })
      .option("platform", { type: "string", describe: "in docker's order: this machine's" }),
  handler: ({ name, source, ...asked }) => {
    const isDockers = isSource(name) || isTagged(source);
    return undoneBySignals((signal) =>
      isDockers ? importAsLayer(name, source, asked, signal) : importAndReport(name, source, asked, signal),
    );
  },
};

export const importCommand = { ...IMPORT, command: "import <name> <source>" };

/** By its form alone: no image's name begins so. */
function isSource(word: string): boolean {
  return word === "-" || /^[./]/.test(word) || isUrl(word);
}

function isUrl(word: string): boolean {
  return /^https?:\/\//.test(word);
}

/** As of `run`'s second word. */
function isTagged(word: string): boolean {
  return word.includes(":") && !isSource(word);
}

type Options = Pick<Asked, "change" | "message" | "platform">;

/** Prints its id, as docker does. */
async function importAsLayer(source: string, name: string, asked: Options, signal: AbortSignal): Promise<void> {
  const { change, message, platform } = asked;
  if (isUrl(source))
    throw new Failure(`import does not download ${source}`, {
      code: "usage",
      remedy: `curl -fL ${source} | tinydocker import - ${name}`,
    });
  const own = [`linux/${thisArchitecture()}`, thisArchitecture()];
  if (platform !== undefined && !own.includes(platform))
    throw new Failure(`--platform ${platform}: images are of this machine's, ${own[0]}`, {
      code: "platform-unsupported",
    });
  const reference = parseReference(name);
  await compileLess();
  const id = await importLayer({
    root: stateRoot(),
    source,
    stdin: process.stdin,
    name: reference,
    change,
    message,
    signal,
  });
  process.stdout.write(`${id}\n`);
}

async function importAndReport(
  name: string,
  source: string,
  { change, message, platform }: Options,
  signal: AbortSignal,
): Promise<void> {
  if (change.length > 0 || message !== "" || platform !== undefined)
    throw new Failure(
      "--change, --message and --platform are for docker's order: the file first, then REPOSITORY:TAG",
      {
        code: "usage",
        remedy: `tinydocker import -c 'CMD …' ./FILE.tar REPOSITORY:TAG`,
      },
    );
  if (!existsSync(source) && source !== "-" && existsSync(name))
    throw new Failure(`can't read ${source}: there is no such file, but there is a file ${name}`, {
      code: "usage",
      remedy: `as in docker's order, with the file first: tinydocker import ./${name} ${source}`,
    });
  await compileLess();
  const meter = progressMeter(name);
  const imported = await importImage({
    root: stateRoot(),
    name,
    source,
    stdin: process.stdin,
    signal,
    progress: meter.show,
  }).finally(meter.clear);
  for (const hint of hints(imported)) process.stderr.write(`tinydocker: ${hint}\n`);
  process.stdout.write(summary(imported));
}

function summary({ record }: Imported): string {
  return `${record.name}: ${counted(record.files, "file")}, ${bytesInWords(record.bytes)}\n`;
}

const SILENT_MS = 1_000;
const REFRESH_MS = 200;

/** One line on a terminal, shown after the first second. */
function progressMeter(name: string): { show: (done: Readonly<Extracted>) => void; clear: () => void } {
  if (!process.stderr.isTTY) return { show: () => {}, clear: () => {} };
  let next = Date.now() + SILENT_MS;
  let shown = false;
  return {
    show: ({ files, bytes }) => {
      if (Date.now() < next) return;
      next = Date.now() + REFRESH_MS;
      shown = true;
      process.stderr.write(`\r\x1b[Kimporting ${name}: ${counted(files, "file")}, ${bytesInWords(bytes)}`);
    },
    clear: () => {
      if (shown) process.stderr.write("\r\x1b[K");
    },
  };
}
