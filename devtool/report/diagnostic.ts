/** A tool's message about one place in the sources. */
export interface Diagnostic {
  /** Relative to the project, absolute outside of it, empty where there is none. */
  readonly file: string;
  /** From 1, as in esbuild, gcc and editors. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** A note belongs to the error or warning before it. */
  readonly severity: "error" | "warning" | "note";
  /** The tool's message. */
  readonly text: string;
}

/** `file:line:column: severity: text`, as gcc prints it and editors parse it. */
export function diagnosticLine({ file, line, column, severity, text }: Diagnostic): string {
  return `${file === "" ? "" : `${file}:${line}:${column}: `}${severity}: ${text}`;
}
