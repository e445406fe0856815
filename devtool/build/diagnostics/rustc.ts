import type { Diagnostic } from "../../report/diagnostic.ts";
import type { ReadLine } from "./tool-line.ts";

const HEADER = /^(error|warning|note)(?:\[\w+\])?: (.*)$/;
const PLACE = /^(\s+(?:-->|:::) )([^\s:][^:]*):(\d+):(\d+)$/;

/** What rustc and cargo report: a message, and on the line after it the place. */
export function createRustcReader(): ReadLine {
  let message: Pick<Diagnostic, "severity" | "text"> | undefined;
  return (line, local) => {
    const [, severity, text = ""] = HEADER.exec(line) ?? [];
    if (severity !== undefined) {
      message = { severity: severity as Diagnostic["severity"], text };
      return { text: line };
    }
    const [, arrow, path, row, column] = PLACE.exec(line) ?? [];
    if (path === undefined) return undefined;
    const file = local(path);
    const shown = `${arrow}${file}:${row}:${column}`;
    const found = message && { file, line: Number(row), column: Number(column), ...message };
    message = undefined;
    return { text: shown, ...(found ? { diagnostic: found } : {}) };
  };
}
