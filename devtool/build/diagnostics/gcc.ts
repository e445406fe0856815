import type { ReadLine } from "./tool-line.ts";

const IN_SOURCE = /^([^\s:][^:]*):(\d+):(?:(\d+):)? (fatal error|error|warning|note|remark): (.*)$/;
const INCLUDED = /^(In file included from |\s+from )([^:]+)(:\d+.*)$/;
const IN_FUNCTION = /^([^\s:]+\.\w+)(: (?:In|At) .*:)$/;
const WITHOUT_PLACE =
  /^(?:[\w.+-]*-)?(?:gcc|g\+\+|cc|c\+\+|cc1|cc1plus|clang|clang\+\+)(?:-[\d.]+)?: (fatal error|error|warning): (.*)$/;
/** It follows the linker's own message. */
const LINKER_FAILED = /^linker command failed/;

/** What gcc, clang and those that print as they do report, such as make's warnings. */
export const readCompiler: ReadLine = (line, local) => {
  const [, path, row, column, severity = "", text = ""] = IN_SOURCE.exec(line) ?? [];
  if (path !== undefined) {
    const file = local(path);
    const place = { file, line: Number(row), column: Number(column ?? 1) };
    return {
      text: `${file}:${row}:${column === undefined ? "" : `${column}:`} ${severity}: ${text}`,
      diagnostic: { ...place, severity: severityOf(severity), text },
    };
  }
  const [, from, header, rest] = INCLUDED.exec(line) ?? [];
  if (header !== undefined) return { text: `${from}${local(header)}${rest}` };
  const [, source, where] = IN_FUNCTION.exec(line) ?? [];
  if (source !== undefined) return { text: `${local(source)}${where}` };
  const [, kind = "", said] = WITHOUT_PLACE.exec(line) ?? [];
  if (said === undefined || LINKER_FAILED.test(said)) return undefined;
  return { text: line, diagnostic: { file: "", line: 0, column: 0, severity: severityOf(kind), text: said } };
};

function severityOf(word: string): "error" | "warning" | "note" {
  if (word === "warning") return "warning";
  return word === "note" || word === "remark" ? "note" : "error";
}
