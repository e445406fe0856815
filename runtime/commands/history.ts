import type { CommandModule } from "yargs";
import { inWords } from "../container/listing.ts";
import { type HistoryStep, historyOf } from "../image/content/describe.ts";
import { existingStored } from "../image/content/stored-image.ts";
import { shortId } from "../image/listing.ts";
import { stateRoot } from "../state/root.ts";
import { rowsText } from "../template/rows.ts";
import { decimalSize } from "../template/size.ts";
import type { Struct } from "../template/value.ts";

interface Asked {
  name: string;
  json: boolean;
  quiet: boolean;
  human: boolean;
  format: string | undefined;
  "no-trunc": boolean;
}

export const historyCommand: CommandModule<object, Asked> = {
  command: "history <name>",
  describe: "Print how each layer of an image was made, the newest first",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "the image, by its name or id" })
      .option("json", { type: "boolean", default: false, describe: "as one JSON array" })
      .option("quiet", { type: "boolean", alias: "q", default: false, describe: "only the ids that are known here" })
      .option("no-trunc", { type: "boolean", default: false, describe: "whole commands and ids" })
      .option("human", { type: "boolean", alias: "H", default: true, describe: "sizes and dates in words" })
      .option("format", { type: "string", describe: "a template of Go, or json" }),
  handler: ({ name, json, ...form }) => {
    const root = stateRoot();
    const image = existingStored(root, name);
    const steps = historyOf(root, image);
    const rows = steps.map((step, i) => rowOf(step, i === 0 ? image.id : MISSING, form));
    const template = form.quiet ? "{{.ID}}" : (form.format ?? TABLE);
    process.stdout.write(json ? `${JSON.stringify(steps)}\n` : rowsText(template, rows, TITLES));
  },
};

/** docker's word for a layer that has no image of its own. */
const MISSING = "<missing>";
const TABLE = "table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
const TITLES: Struct = {
  ID: "IMAGE",
  CreatedSince: "CREATED",
  CreatedAt: "CREATED AT",
  CreatedBy: "CREATED BY",
  Size: "SIZE",
  Comment: "COMMENT",
};
const SIZE_DIGITS = 3;
const COMMAND_LENGTH = 45;

/** In the words of `docker history --format`. */
function rowOf(
  { created, createdBy, comment, bytes }: HistoryStep,
  id: string,
  form: Omit<Asked, "name" | "json">,
): Struct {
  const { human, "no-trunc": isWhole } = form;
  const since = `${inWords(Date.now() - Date.parse(created))} ago`;
  const command = printable(createdBy);
  const isShort = isWhole || command.length <= COMMAND_LENGTH;
  return {
    ID: isWhole || id === MISSING ? id : shortId(id),
    CreatedSince: created === "" ? "N/A" : human ? since : created,
    CreatedAt: created,
    CreatedBy: isShort ? command : `${command.slice(0, COMMAND_LENGTH - 1)}…`,
    Size: human ? decimalSize(bytes, SIZE_DIGITS) : String(bytes),
    Comment: printable(comment),
  };
}

/** A build's command may be in several lines. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
}
