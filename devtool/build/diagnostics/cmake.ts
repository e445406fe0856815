import type { Diagnostic } from "../../report/diagnostic.ts";
import type { ReadLine } from "./tool-line.ts";

const HEADER = /^CMake (Error|Warning|Deprecation Warning)(?: \(dev\))?(?: at ([^:]+):(\d+)(?: \([^)]*\))?:|: (.*))$/;

/** What cmake reports: a place, and on the next line that is not empty the message, indented. */
export function createCmakeReader(): ReadLine {
  let place: Omit<Diagnostic, "text"> | undefined;
  return (line, local) => {
    const [, kind, path, row, said] = HEADER.exec(line) ?? [];
    if (kind !== undefined) {
      const severity = kind === "Error" ? "error" : "warning";
      if (path === undefined)
        return { text: line, diagnostic: { file: "", line: 0, column: 0, severity, text: said ?? "" } };
      const file = local(path);
      place = { file, line: Number(row), column: 1, severity };
      return { text: line.replace(path, () => file) };
    }
    if (place === undefined || line.trim() === "") return undefined;
    const diagnostic = line.startsWith("  ") ? { ...place, text: line.trim() } : undefined;
    place = undefined;
    return diagnostic && { text: line, diagnostic };
  };
}
