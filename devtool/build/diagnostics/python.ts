import type { Diagnostic } from "../../report/diagnostic.ts";
import type { ReadLine } from "./tool-line.ts";

const FRAME = /^\s+File "([^"]+)", line (\d+)(?:, in .*)?$/;
const RAISED = /^[A-Za-z_][\w.]*(?:: .*)?$/;

/** Python's tracebacks: the exception, in the innermost line of the project's own. */
export function createPythonReader(hasFile: (path: string) => boolean): ReadLine {
  let place: Pick<Diagnostic, "file" | "line"> | undefined;
  return (line, local) => {
    const [, path, row] = FRAME.exec(line) ?? [];
    if (path !== undefined) {
      const file = local(path);
      if (!hasFile(file)) return { text: line };
      place = { file, line: Number(row) };
      return { text: line.replace(path, () => file) };
    }
    if (place === undefined || /^\s/.test(line)) return undefined;
    const diagnostic = { ...place, column: 1, severity: "error", text: line } as const;
    place = undefined;
    return RAISED.test(line) ? { text: line, diagnostic } : undefined;
  };
}
