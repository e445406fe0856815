import { Failure } from "../failure.ts";

/** A part of a path component. Code units are bytes. */
export type Token =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "any" }
  | { readonly kind: "star" }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly Range[] };

type Range = readonly [first: number, last: number];

/** A path component: tokens, or `**`, which stands for any number of components. */
export type Segment = readonly Token[] | "**";

/** One parsed line of gitignore syntax. */
export interface Pattern {
  readonly negated: boolean;
  readonly directoryOnly: boolean;
  /** Matches from the project's root; otherwise it has one segment and matches a name at any depth. */
  readonly anchored: boolean;
  readonly segments: readonly Segment[];
}

/** A pattern becomes one rsync rule, or 2^n rules for n inner `**`. */
const DOUBLE_STARS_MAX = 4;
const PATTERN_BYTES_MAX = 2048;

/**
 * Parses one gitignore line; returns undefined for a comment, a blank line, and a pattern that never matches in git.
 * Each code unit of `line` is one byte of the pattern. Throws Failure for a pattern that rsync's rules can't express.
 */
export function parsePattern(line: string): Pattern | undefined {
  let text = withoutTrailingSpaces(line);
  if (text === "" || text.startsWith("#")) return undefined;
  if (text.length > PATTERN_BYTES_MAX) throw unsupported(line, `is longer than ${PATTERN_BYTES_MAX} bytes`);
  if (/[\0\n]/.test(text)) throw unsupported(line, "contains a line break or a NUL byte");
  const negated = text.startsWith("!");
  if (negated) text = text.slice(1);
  const directoryOnly = text.endsWith("/");
  if (directoryOnly) text = text.slice(0, -1);
  const anchored = text.includes("/");
  if (text.startsWith("/")) text = text.slice(1);
  const segments = parseSegments(text, anchored, line);
  return segments === undefined ? undefined : { negated, directoryOnly, anchored, segments };
}

/** Spaces at the end don't count unless a backslash is before them. */
function withoutTrailingSpaces(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === " " && !isEscaped(line, end - 1)) end--;
  return line.slice(0, end);
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

function parseSegments(text: string, anchored: boolean, line: string): Segment[] | undefined {
  const segments: Segment[] = [];
  for (const part of splitComponents(text, line)) {
    if (part === "") return undefined;
    if (anchored && /^\*\*+$/.test(part)) {
      if (segments.at(-1) !== "**") segments.push("**");
      continue;
    }
    const tokens = parseTokens(part, line);
    if (tokens === undefined) return undefined;
    segments.push(tokens);
  }
  if (segments.filter((segment) => segment === "**").length > DOUBLE_STARS_MAX) {
    throw unsupported(line, `has more than ${DOUBLE_STARS_MAX} **`);
  }
  return segments;
}

function splitComponents(text: string, line: string): string[] {
  const parts = text.split("/");
  if (parts.some((part) => hasOpenBracket(part)) && parts.length > 1) {
    throw unsupported(line, "has a / between [ and ], or a [ without its ]");
  }
  return parts;
}

function hasOpenBracket(part: string): boolean {
  for (let at = 0; at < part.length; at++) {
    if (part[at] === "\\") at++;
    else if (part[at] === "[") {
      const parsed = parseClass(part, at);
      if (parsed === undefined) return true;
      at = parsed.end;
    }
  }
  return false;
}

/** git/wildmatch.c:dowild, as tokens; undefined for a pattern that matches no name. */
function parseTokens(part: string, line: string): Token[] | undefined {
  const tokens: Token[] = [];
  let literal = "";
  const push = (token: Token) => {
    if (literal !== "") tokens.push({ kind: "literal", text: literal });
    literal = "";
    if (token.kind !== "star" || tokens.at(-1)?.kind !== "star") tokens.push(token);
  };
  for (let at = 0; at < part.length; at++) {
    const byte = part[at];
    if (byte === "*") push({ kind: "star" });
    else if (byte === "?") push({ kind: "any" });
    else if (byte === "[") {
      const parsed = parseClass(part, at);
      if (parsed === undefined || parsed.ranges === undefined) return undefined;
      if (parsed.ranges.length === 0 && !parsed.negated) return undefined;
      push(parsed.ranges.length === 0 ? { kind: "any" } : { kind: "class", ...parsed, ranges: parsed.ranges });
      at = parsed.end;
    } else if (byte === "\\") {
      at++;
      if (at === part.length) return undefined;
      literal += part[at];
    } else literal += byte;
  }
  if (literal !== "") tokens.push({ kind: "literal", text: literal });
  if (tokens.length === 0) throw unsupported(line, "is empty");
  return tokens;
}

interface ParsedClass {
  readonly negated: boolean;
  /** undefined when it names an unknown class. */
  readonly ranges: Range[] | undefined;
  /** Where its closing bracket is. */
  readonly end: number;
}

/** The bracket expression that opens at `start`; undefined when it never closes. */
function parseClass(part: string, start: number): ParsedClass | undefined {
  let at = start + 1;
  const negated = part[at] === "!" || part[at] === "^";
  if (negated) at++;
  let ranges: Range[] | undefined = [];
  let previous = 0;
  for (let first = true; first || part[at] !== "]"; first = false, at++) {
    if (at >= part.length) return undefined;
    const named = /^\[:([^\]]*):\]/.exec(part.slice(at));
    if (part[at] === "-" && previous !== 0 && at + 1 < part.length && part[at + 1] !== "]") {
      at++;
      if (part[at] === "\\") at++;
      if (at >= part.length) return undefined;
      ranges?.push([previous, part.charCodeAt(at)]);
      previous = 0;
    } else if (named !== null) {
      const members = NAMED_CLASSES[named[1] ?? ""];
      if (members === undefined) ranges = undefined;
      else ranges?.push(...members);
      at += named[0].length - 1;
      previous = 0;
    } else {
      if (part[at] === "\\") at++;
      if (at >= part.length) return undefined;
      previous = part.charCodeAt(at);
      ranges?.push([previous, previous]);
    }
  }
  return { negated, ranges: ranges?.flatMap(withoutSlash), end: at };
}

const SLASH = 0x2f;

/**
 * No class matches a slash, and rsync counts the slashes of a pattern. Returns an empty list for a range that runs
 * backwards.
 */
function withoutSlash([from, to]: Range): Range[] {
  const parts: Range[] =
    from <= SLASH && to >= SLASH
      ? [
          [from, SLASH - 1],
          [SLASH + 1, to],
        ]
      : [[from, to]];
  return parts.filter(([first, last]) => first <= last);
}

/** POSIX classes in the C locale. */
const NAMED_CLASSES: Readonly<Record<string, readonly Range[]>> = {
  alnum: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  alpha: [
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  blank: [
    [0x20, 0x20],
    [0x09, 0x09],
  ],
  cntrl: [
    [0x01, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: [[0x30, 0x39]],
  graph: [[0x21, 0x7e]],
  lower: [[0x61, 0x7a]],
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [0x20, 0x20],
    [0x09, 0x0d],
  ],
  upper: [[0x41, 0x5a]],
  xdigit: [
    [0x30, 0x39],
    [0x41, 0x46],
    [0x61, 0x66],
  ],
};

function unsupported(line: string, why: string): Failure {
  return new Failure(`the sync pattern ${JSON.stringify(Buffer.from(line, "latin1").toString())} ${why}`, {
    code: "config-invalid",
    remedy: "write it in another way, or as several patterns",
    exitCode: 2,
  });
}
