import type { Diagnostic } from "../../report/diagnostic.ts";
import type { ReadLine } from "./tool-line.ts";

/** The message follows, or stands before the place, as before Rust 1.73. */
const PANIC = /^(\s*thread '.*' (?:\(\d+\) )?panicked at )(?:'(.*)', )?([^\s:/][^:]*):(\d+):(\d+):?$/;

/** A panic of a build script or a test that cargo runs. */
export function createPanicReader(): ReadLine {
  let place: Omit<Diagnostic, "text"> | undefined;
  return (line, local) => {
    if (place) {
      const diagnostic = { ...place, text: line.trim() };
      place = undefined;
      return { text: line, diagnostic };
    }
    const [, start, said, path, row, column] = PANIC.exec(line) ?? [];
    if (path === undefined) return undefined;
    const found = { file: local(path), line: Number(row), column: Number(column), severity: "error" } as const;
    if (said !== undefined) return { text: line, diagnostic: { ...found, text: said } };
    place = found;
    return { text: `${start}${found.file}:${row}:${column}:` };
  };
}
