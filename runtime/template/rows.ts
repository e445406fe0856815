import { templateOf } from "./template.ts";
import { jsonOf, type Struct } from "./value.ts";

/** The --format of a list; undefined where that asks for the list's own table, as `table` alone and an empty one do. */
export function formatAsked(format: string | undefined): string | undefined {
  return format === undefined || /^(?:table)? *$/.test(format) ? undefined : format;
}

/**
 * Rows as docker's --format of a list prints them: `json` is one object a line; `table TEMPLATE` has the titles above, and a
 * tab between columns; anything else is printed for each row. `titles`: of each field, for the head of a table.
 */
export function rowsText(format: string, rows: readonly Struct[], titles: Struct): string {
  if (format === "json") return lines(rows.map((row) => jsonOf(row)));
  const isTable = format.startsWith(TABLE);
  const template = templateOf(unescaped(isTable ? format.slice(TABLE.length) : format));
  if (!isTable) return lines(rows.map(template));
  return tableText([template(titles), ...rows.map(template)].map((row) => row.split("\t")));
}

const TABLE = "table";

/** Docker takes `\t` and `\n` of a list's template as what they stand for, and no spaces around it. */
function unescaped(template: string): string {
  return template.replace(/^ +| +$/g, "").replace(/\{\{.*?\}\}|\\[tn]/gs, (part) => ESCAPES[part] ?? part);
}

const ESCAPES: Readonly<Record<string, string>> = { "\\t": "\t", "\\n": "\n" };

const GAP = 3;
const NARROWEST = 10;

/** Columns as wide as their widest cell, three spaces between them, as docker has them. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const padded = rows.map((row) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(Math.max(NARROWEST, (widths[i] ?? 0) + GAP))))
      .join(""),
  );
  return lines(padded.map((line) => line.trimEnd()));
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
