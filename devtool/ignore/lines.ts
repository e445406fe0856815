import { toText } from "../paths/bytes.ts";
import { type Pattern, parsePattern } from "./pattern.ts";

/** A pattern, and where it was read. */
export interface Line extends Pattern {
  /** For messages: `.gitignore:3`. */
  readonly where: string;
}

/** The lines of one file, or of one key of the configuration, in its order. */
export interface Lines {
  readonly lines: readonly Line[];
  /** The lines that match nothing although they look as if they did, a sentence each. */
  readonly problems: readonly string[];
}

/** git/dir.c:add_patterns_from_buffer. `file` is its name in messages. */
export function parseIgnoreFile(content: Buffer, file: string, ignoreCase: boolean): Lines {
  const text = content.toString("latin1").replace(/^\xef\xbb\xbf/, "");
  const lines = text.split("\n").map((line) => line.replace(/\r$/, "").split("\0", 1)[0] ?? "");
  return parseLines(lines, (index) => `${file}:${index + 1}`, ignoreCase);
}

/** Each code unit of a line is a byte. */
export function parseLines(lines: readonly string[], where: (index: number) => string, ignoreCase: boolean): Lines {
  const parsed: Line[] = [];
  const problems: string[] = [];
  lines.forEach((line, index) => {
    const pattern = parsePattern(line, ignoreCase);
    if (!("why" in pattern)) parsed.push({ ...pattern, where: where(index) });
    else if (pattern.why !== undefined) {
      problems.push(`${where(index)}: ${JSON.stringify(shortened(toText(line)))} matches nothing: ${pattern.why}`);
    }
  });
  return { lines: parsed, problems };
}

const SHOWN_MAX = 80;

function shortened(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
