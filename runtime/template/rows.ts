import { templateOf } from "./template.ts";
import { jsonOf, type Struct } from "./value.ts";

/**
 * Rows as docker's --format of a list prints them: `json` is one object a line; `table TEMPLATE` has the titles above, and a
 * tab between columns; anything else is printed for each row. `titles`: of each field, for the head of a table.
 */
export function rowsText(format: string, rows: readonly Struct[], titles: Struct): string {
  if (format === "json") return lines(rows.map((row) => jsonOf(row)));
  const [, columns] = /^table\s+(.*)$/s.exec(format) ?? [];
  if (columns === undefined) return lines(rows.map(templateOf(format)));
  const template = templateOf(unescaped(columns));
  return tableText([template(titles), ...rows.map(template)].map((row) => row.split("\t")));
}

/** Docker takes `\t` and `\n` of a table's template as what they stand for. */
function unescaped(columns: string): string {
  return columns.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}

const GAP = 3;

/** Columns as wide as their widest cell, three spaces between them. */
export function tableText(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const padded = rows.map((row) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd((widths[i] ?? 0) + GAP))).join(""),
  );
  return lines(padded.map((line) => line.trimEnd()));
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join("");
}
