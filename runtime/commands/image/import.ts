import { existsSync } from "node:fs";
import { Failure } from "../../failure.ts";
import { thisArchitecture } from "../../host/architecture.ts";
import { importLayer } from "../../image/commit/import-layer.ts";
import type { Extracted } from "../../image/extract/root.ts";
import { counted, hints } from "../../image/hints.ts";
import { type Imported, importImage } from "../../image/import.ts";
import { parseReference } from "../../image/registry/reference.ts";
import { bytesInWords } from "../../image/words.ts";
import { stateRoot } from "../../state/root.ts";
import { operands } from "../operands.ts";
import type { Options, Values } from "../options/option.ts";
import { sayLater, writeToOutput } from "../output/queued-output.ts";
import { undoneBySignals } from "../signals.ts";
import { verb } from "../verbs/verb.ts";
import { compileLess } from "./compile-less.ts";

const OPTIONS = {
  change: {
    type: "string",
    short: "c",
    multiple: true,
    describe:
      "in docker's order: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR, as in a Dockerfile",
  },
  message: { type: "string", short: "m", describe: "in docker's order: a comment in its history" },
  platform: { type: "string", describe: "in docker's order: this machine's" },
} as const satisfies Options;

type Asked = Values<typeof OPTIONS>;

export const importVerb = verb({
  synopsis: "NAME FILE.tar|DIR|-",
  describe: "Make an image from a root file system; in docker's order, FILE.tar|- [NAME:TAG], one of layers",
  options: OPTIONS,
  run: async (asked, rest) => {
    const [first = ""] = rest;
    if (rest.length === 1 && isSource(first)) await importAsLayer(first, undefined, asked);
    else {
      const [name, source] = operands(rest, ["the name of the image", "its root file system"]);
      const isDockers = isSource(name) || isTagged(source);
      await (isDockers ? importAsLayer(name, source, asked) : importAndReport(name, source, asked));
    }
    return 0;
  },
});

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

/** Prints its id, as docker does. */
async function importAsLayer(source: string, name: string | undefined, asked: Asked): Promise<void> {
  const { change, message = "", platform } = asked;
  if (isUrl(source))
    throw new Failure(`import does not download ${source}`, {
      code: "usage",
      remedy: `curl -fL ${source} | tinydocker import - ${name ?? "NAME:TAG"}`,
    });
  const own = [`linux/${thisArchitecture()}`, thisArchitecture()];
  if (platform !== undefined && !own.includes(platform))
    throw new Failure(`--platform ${platform}: images are of this machine's, ${own[0]}`, {
      code: "platform-unsupported",
    });
  const reference = name === undefined ? undefined : parseReference(name);
  await compileLess();
  const request = { root: stateRoot(), source, stdin: process.stdin, name: reference, change, message };
  await undoneBySignals(async (signal) => {
    const id = await importLayer({ ...request, signal });
    await writeToOutput(Buffer.from(`${id}\n`), signal);
  });
}

async function importAndReport(name: string, source: string, { change, message, platform }: Asked): Promise<void> {
  if (change.length > 0 || message !== undefined || platform !== undefined)
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
  const request = { root: stateRoot(), name, source, stdin: process.stdin, progress: meter.show };
  await undoneBySignals(async (signal) => {
    const imported = await importImage({ ...request, signal }).finally(meter.clear);
    for (const hint of hints(imported)) await sayLater(Buffer.from(`tinydocker: ${hint}\n`), signal);
    await writeToOutput(Buffer.from(summary(imported)), signal);
  });
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
