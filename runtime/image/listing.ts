import { clearLeftovers } from "./leftovers.ts";
import { HOST } from "./resolve.ts";
import { imageNames, readRecord } from "./store.ts";

/** All images, the built-in one first: a table, or one JSON array of {name, host, created, bytes, files}; ends with a newline. */
export async function listing(root: string, json: boolean): Promise<string> {
  // What a killed import left; listing must not need to write.
  await clearLeftovers(root).catch(() => {});
  const imported = imageNames(root).map((name) => readRecord(root, name));
  if (json) {
    const host = { name: HOST.name, host: true, created: null, bytes: null, files: null };
    return `${JSON.stringify([host, ...imported.map((record) => ({ host: false, ...record }))])}\n`;
  }
  return table([
    ["NAME", "SIZE", "CREATED"],
    [HOST.name, "-", "built in"],
    ...imported.map(({ name, bytes, created }) => [name, bytesInWords(bytes), created.slice(0, 16).replace("T", " ")]),
  ]);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** 1234567 → "1.2 MB"; units of 1,000, as docker shows sizes. */
export function bytesInWords(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
