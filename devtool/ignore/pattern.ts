import { type ByteRange, parseClass } from "./character-class.ts";

/** A part of a pattern. Code units are bytes. */
export type Token =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "slash" }
  | { readonly kind: "any" }
  | { readonly kind: "star" }
  | { readonly kind: "class"; readonly ranges: readonly ByteRange[] }
  /** Any text, with slashes or without. */
  | { readonly kind: "deep" }
  /** Nothing, or any text that ends in a slash. */
  | { readonly kind: "folders" };

/** One line of gitignore syntax. */
export interface Pattern {
  readonly negated: boolean;
  readonly directoryOnly: boolean;
  /** Matches the whole path below the line's folder; otherwise a name at any depth, and no token stands for a slash. */
  readonly anchored: boolean;
  readonly tokens: readonly Token[];
  /** It is of the .gitignore of this folder: it matches nothing elsewhere. */
  readonly folder?: string;
}

/** A line that says nothing, or that matches nothing although it looks as if it did, and why. */
export interface Unmatched {
  readonly why: string | undefined;
}

const NOTHING: Unmatched = { why: undefined };
/** A path is shorter: rsync's limit, and PATH_MAX of Linux. */
const PATTERN_BYTES_MAX = 4096;

/** git/dir.c:parse_path_pattern. With `ignoreCase`, ASCII letters match either case, as with git's core.ignoreCase. */
export function parsePattern(line: string, ignoreCase: boolean): Pattern | Unmatched {
  if (line.startsWith("#")) return NOTHING;
  let text = withoutTrailingSpaces(line);
  const negated = text.startsWith("!");
  if (negated) text = text.slice(1);
  const directoryOnly = text.endsWith("/");
  if (directoryOnly) text = text.slice(0, -1);
  const anchored = text.includes("/");
  if (text.startsWith("/")) text = text.slice(1);
  if (text === "") return NOTHING;
  if (text.length > PATTERN_BYTES_MAX) return { why: `it is longer than ${PATTERN_BYTES_MAX} bytes` };
  if (/(^|\/)\.\.?(\/|$)/.test(text)) return { why: "paths are those below its folder, without . and .." };
  const tokens = parseTokens(text, anchored, ignoreCase);
  return typeof tokens === "string" ? { why: tokens } : { negated, directoryOnly, anchored, tokens };
}

/** git/dir.c:trim_trailing_spaces: a space stays if there is a backslash before it. */
function withoutTrailingSpaces(line: string): string {
  let end = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === "\\") at++;
    else if (line[at] === " ") continue;
    end = at + 1;
  }
  return line.slice(0, end);
}

/** git/wildmatch.c:dowild, as tokens; or why it can't match. */
function parseTokens(text: string, anchored: boolean, ignoreCase: boolean): Token[] | string {
  const tokens: Token[] = [];
  let literal = "";
  const push = (token: Token) => {
    if (literal !== "") tokens.push(...literalTokens(literal, ignoreCase));
    literal = "";
    tokens.push(token);
  };
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? "";
    if (byte === "*") {
      const stars = starsAt(text, at, anchored);
      push({ kind: stars.kind });
      at = stars.end;
    } else if (byte === "?") push({ kind: "any" });
    else if (byte === "/") push({ kind: "slash" });
    else if (byte === "[") {
      const parsed = parseClass(text, at, ignoreCase);
      if (typeof parsed === "string") return parsed;
      push({ kind: "class", ranges: parsed.ranges });
      at = parsed.end;
    } else if (byte !== "\\") literal += byte;
    else if (++at === text.length) return "it ends with a backslash";
    else if (text[at] === "/") push({ kind: "slash" });
    else literal += text[at];
  }
  if (literal !== "") tokens.push(...literalTokens(literal, ignoreCase));
  return tokens;
}

/** What the asterisks that begin at `at` stand for, and where they end. */
function starsAt(text: string, at: number, anchored: boolean): { kind: "star" | "deep" | "folders"; end: number } {
  let end = at;
  while (text[end + 1] === "*") end++;
  if (end === at || !anchored) return { kind: "star", end };
  // git compares the text before the first wildcard by itself: for what follows, the pattern begins there.
  const begins = text[at - 1] === "/" || !/[*?[\\]/.test(text.slice(0, at));
  if (begins && text[end + 1] === "/") return { kind: "folders", end: end + 1 };
  const ends = end + 1 === text.length || text.startsWith("\\/", end + 1);
  return { kind: begins && ends ? "deep" : "star", end };
}

function literalTokens(text: string, ignoreCase: boolean): Token[] {
  if (!ignoreCase) return [{ kind: "literal", text }];
  return (text.match(/[A-Za-z]|[^A-Za-z]+/g) ?? []).map((part) =>
    /^[A-Za-z]$/.test(part) ? eitherCase(part) : { kind: "literal", text: part },
  );
}

function eitherCase(letter: string): Token {
  const codes = [letter.toUpperCase().charCodeAt(0), letter.toLowerCase().charCodeAt(0)];
  return { kind: "class", ranges: codes.map((code) => [code, code]) };
}

/** A pattern of a folder's .gitignore as one of the project's. */
export function inFolder(pattern: Pattern, folder: string): Pattern {
  if (folder === "") return pattern;
  const start = literalPath(folder);
  const any: readonly Token[] = pattern.anchored ? [] : [{ kind: "folders" }];
  return { ...pattern, folder, anchored: true, tokens: [...start, { kind: "slash" }, ...any, ...pattern.tokens] };
}

/** Tokens that match one path and no other. */
export function literalPath(path: string): Token[] {
  return path
    .split("/")
    .flatMap((text, at): Token[] => [...(at === 0 ? [] : [{ kind: "slash" } as const]), { kind: "literal", text }]);
}
