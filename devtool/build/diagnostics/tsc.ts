import { diagnosticLine } from "../../report/diagnostic.ts";
import type { ReadLine } from "./tool-line.ts";

const IN_SOURCE = /^([^\s:(][^:(]*)(?:\((\d+),(\d+)\):|:(\d+):(\d+) -) (error|warning) (TS\d+: .*)$/;
const WITHOUT_PLACE = /^error (TS\d+: .*)$/;

/** What tsc reports, plain or pretty. */
export const readTsc: ReadLine = (line, local) => {
  const [, path = "", row, column, prettyRow = row, prettyColumn = column, word, text = ""] =
    IN_SOURCE.exec(line) ?? [];
  if (word !== undefined) {
    const severity = word === "warning" ? "warning" : "error";
    const diagnostic = {
      file: local(path),
      line: Number(prettyRow),
      column: Number(prettyColumn),
      severity,
      text,
    } as const;
    return { text: diagnosticLine(diagnostic), diagnostic };
  }
  const [, said] = WITHOUT_PLACE.exec(line) ?? [];
  if (said === undefined) return undefined;
  return { text: line, diagnostic: { file: "", line: 0, column: 0, severity: "error", text: said } };
};
