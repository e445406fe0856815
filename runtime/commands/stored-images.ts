import type { CommandModule } from "yargs";
import { Failure } from "../failure.ts";
import { pruneStored } from "../image/content/remove.ts";
import { tagStored } from "../image/content/tag.ts";
import { counted } from "../image/hints.ts";
import { bytesInWords } from "../image/words.ts";
import { inspectedImage } from "../inspect/image.ts";
import { stateRoot } from "../state/root.ts";
import { printInspected } from "./print-inspected.ts";

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
    return printInspected(names, format, (name) => inspectedImage(root, name) ?? missing(name));
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

export const pruneCommand: CommandModule<object, { all: boolean; force: boolean }> = {
  command: "prune",
  describe: "Remove the layers that no image and no container has, and what ended pulls left",
  builder: (yargs) =>
    yargs
      .option("all", {
        type: "boolean",
        alias: "a",
        default: false,
        describe: "and the images from registries that no container uses",
      })
      .option("force", { type: "boolean", alias: "f", default: false, describe: "accepted: it never asks" }),
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
