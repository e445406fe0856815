export type ByteRange = readonly [first: number, last: number];

export interface CharacterClass {
  /** The bytes it matches, in order: what is negated, and case that is ignored, are worked out. */
  readonly ranges: readonly ByteRange[];
  /** Where its closing bracket is. */
  readonly end: number;
}

const SLASH = 0x2f;
const BYTES = Array.from({ length: 255 }, (_, i) => i + 1);

/** The bracket expression that opens at `start`; or why a pattern with it can't match; git/wildmatch.c:dowild. */
export function parseClass(text: string, start: number, ignoreCase: boolean): CharacterClass | string {
  const isNegated = text[start + 1] === "!" || text[start + 1] === "^";
  const parsed = parseMembers(text, start + (isNegated ? 2 : 1), ignoreCase);
  if (typeof parsed === "string") return parsed;
  const ranges = rangesOf((byte) => byte !== SLASH && parsed.has(byte) !== isNegated);
  if (ranges.length === 0) return `${text.slice(start, parsed.end + 1)} matches no character`;
  return { ranges, end: parsed.end };
}

interface Members {
  has(byte: number): boolean;
  readonly end: number;
}

const OPEN = "it has a [ without its ]";

function parseMembers(text: string, start: number, ignoreCase: boolean): Members | string {
  const tests: ((byte: number) => boolean)[] = [];
  let previous = 0;
  let at = start;
  for (let first = true; first || text[at] !== "]"; first = false, at++) {
    if (at >= text.length) return OPEN;
    const named = /^\[:([^\]]*):\]/.exec(text.slice(at));
    if (text[at] === "-" && previous !== 0 && at + 1 < text.length && text[at + 1] !== "]") {
      at += text[at + 1] === "\\" ? 2 : 1;
      if (at >= text.length) return OPEN;
      tests.push(range(previous, text.charCodeAt(at), ignoreCase));
      previous = 0;
    } else if (text[at] === "[" && named !== null) {
      const test = NAMED_CLASSES[named[1] ?? ""];
      if (test === undefined) return `${named[0]} is no class of characters`;
      tests.push(named[1] === "upper" && ignoreCase ? isLetter : test);
      at += named[0].length - 1;
      previous = 0;
    } else {
      if (text[at] === "\\") at++;
      if (at >= text.length) return OPEN;
      const member = text.charCodeAt(at);
      tests.push((byte) => byte === member);
      previous = member;
    }
  }
  const fold = ignoreCase ? lower : (byte: number) => byte;
  return { end: at, has: (byte) => tests.some((test) => test(fold(byte))) };
}

/** With case ignored, git lowers the name's letter and tries it in upper case too, but only in a range. */
function range(first: number, last: number, ignoreCase: boolean): (byte: number) => boolean {
  const isWithin = (byte: number) => first <= byte && byte <= last;
  if (!ignoreCase) return isWithin;
  return (byte) => isWithin(byte) || (isBetween(byte, "a", "z") && isWithin(byte - 0x20));
}

function rangesOf(has: (byte: number) => boolean): ByteRange[] {
  const ranges: [number, number][] = [];
  for (const byte of BYTES.filter(has)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === byte - 1) last[1] = byte;
    else ranges.push([byte, byte]);
  }
  return ranges;
}

function lower(byte: number): number {
  return isBetween(byte, "A", "Z") ? byte + 0x20 : byte;
}

function isBetween(byte: number, first: string, last: string): boolean {
  return first.charCodeAt(0) <= byte && byte <= last.charCodeAt(0);
}

const isLetter = (byte: number) => isBetween(lower(byte), "a", "z");
const isDigit = (byte: number) => isBetween(byte, "0", "9");
const isGraph = (byte: number) => isBetween(byte, "!", "~");

/** git's own, whatever the locale; git/ctype.c. */
const NAMED_CLASSES: Readonly<Record<string, (byte: number) => boolean>> = {
  alnum: (byte) => isLetter(byte) || isDigit(byte),
  alpha: isLetter,
  blank: (byte) => byte === 0x20 || byte === 0x09,
  cntrl: (byte) => byte < 0x20 || byte === 0x7f,
  digit: isDigit,
  graph: isGraph,
  lower: (byte) => isBetween(byte, "a", "z"),
  print: (byte) => isBetween(byte, " ", "~"),
  punct: (byte) => isGraph(byte) && !isLetter(byte) && !isDigit(byte),
  space: (byte) => [0x09, 0x0a, 0x0d, 0x20].includes(byte),
  upper: (byte) => isBetween(byte, "A", "Z"),
  xdigit: (byte) => isDigit(byte) || isBetween(lower(byte), "a", "f"),
};
