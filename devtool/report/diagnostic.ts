/** What a tool says about one place in the sources. */
export interface Diagnostic {
  /** Relative to the project, absolute outside of it, empty where there is none. */
  readonly file: string;
  /** From 1, as esbuild, gcc and editors agree. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** A note says more about the error or warning before it. */
  readonly severity: "error" | "warning" | "note";
  /** What the tool says. */
  readonly text: string;
}

/** `file:line:column: severity: text`, as gcc writes it and editors read it. */
export function diagnosticLine({ file, line, column, severity, text }: Diagnostic): string {
  return `${file === "" ? "" : `${file}:${line}:${column}: `}${severity}: ${text}`;
}
