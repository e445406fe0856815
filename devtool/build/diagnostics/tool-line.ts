import type { Diagnostic } from "../../report/diagnostic.ts";

/** A line that a tool printed, with its paths relative to the developer's project. */
export interface ToolLine {
  readonly text: string;
  readonly diagnostic?: Diagnostic;
}

/** A path as a tool printed it → relative to the project; unchanged if it is outside. */
export type Local = (path: string) => string;

/** Returns undefined for a line of another tool's. */
export type ReadLine = (line: string, local: Local) => ToolLine | undefined;

/** Where a tool names a file and no line of it. */
export const NO_LINE = 0;
