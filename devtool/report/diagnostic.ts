/** As esbuild, gcc and editors agree: lines and columns from 1. */
export interface Diagnostic {
  /** Relative to the project; absolute outside it; empty where there is none. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: "error" | "warning" | "note";
  readonly text: string;
}

/** `file:line:column: severity: text`, as gcc writes it and editors read it. */
export function diagnosticLine({ file, line, column, severity, text }: Diagnostic): string {
  return `${file === "" ? "" : `${file}:${line}:${column}: `}${severity}: ${text}`;
}
