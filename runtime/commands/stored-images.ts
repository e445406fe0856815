import type { CommandModule } from "yargs";
import { Failure } from "../failure.ts";
import { historyOf } from "../image/content/describe.ts";
import { pruneStored } from "../image/content/remove.ts";
import { findStored, type StoredImage } from "../image/content/stored-image.ts";
import { tagStored } from "../image/content/tag.ts";
import { counted } from "../image/hints.ts";
import { bytesInWords, table } from "../image/words.ts";
import { inspectedImage } from "../inspect/image.ts";
import { stateRoot } from "../state/root.ts";
import { templateOf } from "../template/template.ts";
import { jsonOf } from "../template/value.ts";

const NAME = { type: "string", demandOption: true, describe: "the image, by its name or id" } as const;

export const inspectCommand: CommandModule<object, { names: string[]; format: string | undefined }> = {
  command: "inspect <names..>",
  describe: "Print what is known of images, as JSON with docker's names",
  builder: (yargs) =>
    yargs
      .positional("names", { type: "string", array: true, demandOption: true, describe: "by name or id" })
      .option("format", { type: "string", alias: "f", describe: "a template of Go, such as {{.Config.Cmd}}" }),
  handler: ({ names, format }) => {
    const root = stateRoot();
    const template = format === undefined || format === "json" ? undefined : templateOf(format);
    const all = names.map((name) => inspectedImage(root, name) ?? missing(name));
    const indent = format === "json" ? 0 : 4;
    process.stdout.write(template ? all.map((one) => `${template(one)}\n`).join("") : `${jsonOf(all, indent)}\n`);
  },
};

export const historyCommand: CommandModule<object, { name: string; json: boolean }> = {
  command: "history <name>",
  describe: "Print how each layer of an image was made",
  builder: (yargs) =>
    yargs.positional("name", NAME).option("json", { type: "boolean", default: false, describe: "as one JSON array" }),
  handler: ({ name, json }) => {
    const root = stateRoot();
    const steps = historyOf(root, existing(root, name));
    const rows = steps.map(({ created, createdBy, comment, bytes }) => {
      return [created.slice(0, 16).replace("T", " ") || "-", bytesInWords(bytes), printable(createdBy || comment)];
    });
    process.stdout.write(json ? `${JSON.stringify(steps)}\n` : table([["CREATED", "SIZE", "CREATED BY"], ...rows]));
  },
};

export const tagCommand: CommandModule<object, { name: string; other: string }> = {
  command: "tag <name> <other>",
  describe: "Give an image another name",
  builder: (yargs) =>
    yargs
      .positional("name", NAME)
      .positional("other", { type: "string", demandOption: true, describe: "[HOST[:PORT]/]NAME[:TAG]" }),
  handler: ({ name, other }) => tagStored(stateRoot(), name, other),
};

export const pruneCommand: CommandModule<object, { all: boolean }> = {
  command: "prune",
  describe: "Remove the layers that no image and no container has, and what ended pulls left",
  builder: (yargs) =>
    yargs.option("all", {
      type: "boolean",
      alias: "a",
      default: false,
      describe: "and the images from registries that no container uses",
    }),
  handler: async ({ all }) => {
    const { names, layers, bytes } = await pruneStored(stateRoot(), all);
    for (const name of names) process.stdout.write(`${name}\n`);
    process.stdout.write(`removed ${counted(layers, "layer")}, ${bytesInWords(bytes)}\n`);
  },
};

function missing(name: string): never {
  throw new Failure(`there is no image ${name}`, {
    code: "image-not-found",
    remedy: `tinydocker pull ${name}; tinydocker image ls lists the images`,
  });
}

function existing(root: string, name: string): StoredImage {
  const image = findStored(root, name);
  if (image) return image;
  throw new Failure(`there is no image ${name} from a registry`, {
    code: "image-not-found",
    remedy: `tinydocker pull ${name}; tinydocker image ls lists the images`,
  });
}

/** A build's command may be in several lines. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
}
