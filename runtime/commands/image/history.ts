import { inWords } from "../../container/listing.ts";
import { type HistoryStep, historyOf } from "../../image/content/describe.ts";
import { existingStored } from "../../image/content/stored-image.ts";
import { shortId } from "../../image/listing.ts";
import { stateRoot } from "../../state/root.ts";
import { formatAsked, rowsText } from "../../template/rows.ts";
import { decimalSize } from "../../template/size.ts";
import type { Struct } from "../../template/value.ts";
import { operands } from "../operands.ts";
import { writeAll } from "../output/write.ts";
import { verb } from "../verbs/verb.ts";

export const historyVerb = verb({
  synopsis: "NAME",
  describe: "Print how each layer of an image was made, the newest first",
  options: {
    json: { type: "boolean", describe: "as one JSON array" },
    quiet: { type: "boolean", short: "q", describe: "only the ids that are known here" },
    "no-trunc": { type: "boolean", describe: "whole commands and ids" },
    human: { type: "boolean", short: "H", describe: "sizes and dates in words, unless it is false" },
    format: { type: "string", describe: "a template of Go, or json" },
  },
  run: async ({ json, quiet, format, human = true, "no-trunc": isWhole = false }, rest) => {
    const [name] = operands(rest, ["the name of the image"]);
    const root = stateRoot();
    const image = existingStored(root, name);
    const steps = historyOf(root, image);
    const rows = steps.map((step, i) => rowOf(step, i === 0 ? image.id : MISSING, { human, isWhole }));
    const template = formatAsked(format) ?? (quiet ? "{{.ID}}" : TABLE);
    writeAll(1, json ? `${JSON.stringify(steps)}\n` : rowsText(template, rows, TITLES));
    return 0;
  },
});

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
  { human, isWhole }: { readonly human: boolean; readonly isWhole: boolean },
): Struct {
  const { since, at } = timesOf(Date.parse(created));
  const command = printable(createdBy);
  const isShort = isWhole || command.length <= COMMAND_LENGTH;
  return {
    ID: isWhole || id === MISSING ? id : shortId(id),
    CreatedSince: human ? since : at,
    CreatedAt: at,
    CreatedBy: isShort ? command : `${command.slice(0, COMMAND_LENGTH - 1)}…`,
    Size: human ? decimalSize(bytes, SIZE_DIGITS) : String(bytes),
    Comment: printable(comment),
  };
}

/** NaN: not told. */
function timesOf(created: number): { readonly since: string; readonly at: string } {
  if (Number.isNaN(created)) return { since: "N/A", at: "N/A" };
  const fraction = /\.\d+Z$/;
  return { since: `${inWords(Date.now() - created)} ago`, at: new Date(created).toISOString().replace(fraction, "Z") };
}

/** A build's command may be in several lines. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
}
