/*
 * The `mappings` of source maps, as ECMA-426 has them: lines end with ";", segments with ",". The fields of a segment are the
 * column in the output, and where it has one the source, its line and column, and a name. All but the first field count from the
 * segment before, on whatever line: of a map that comes after others, only the first segment with a source changes.
 */

/** A map's mappings, split at the first segment with a source. */
export interface Mappings {
  readonly before: string;
  readonly first: readonly number[];
  readonly after: string;
  /** Source, line and column of the last segment. */
  readonly last: Place;
}

type Place = readonly [number, number, number];

/** Without names, of which none is changed where modules are not minified, and without lines after the last segment. */
export function parseMappings(text: string): Mappings {
  const bare = text.replace(NAMED, "$1").replace(/;+$/, "");
  const segments = [...bare.matchAll(/[^;,]+/g)].map((found) => ({
    found,
    fields: decode(found[0]),
  }));
  const sourced = segments.filter(({ fields }) => fields.length > 1);
  const sum = (index: number) => sourced.reduce((all, { fields }) => all + (fields[index] ?? 0), 0);
  const [first] = sourced;
  const start = first?.found.index ?? bare.length;
  return {
    before: bare.slice(0, start),
    first: first?.fields ?? [],
    after: bare.slice(start + (first?.found[0].length ?? 0)),
    last: [sum(1), sum(2), sum(3)],
  };
}

/** One map's mappings after another's: each with the number of lines before its own, and of sources. What is between has no source. */
export function joinMappings(
  parts: readonly { readonly lines: number; readonly sources: number; readonly mappings: Mappings }[],
): string {
  let line = 0;
  let [source, row, column]: Place = [0, 0, 0];
  let joined = "";
  for (const { lines, sources, mappings } of parts) {
    const { before, first, after, last } = mappings;
    const [at = 0, ...fields] = first;
    const moved = [at, ...[sources - source, -row, -column].map((by, index) => (fields[index] ?? 0) + by)];
    const gap = ";".repeat(lines - line);
    const text = `${joined === "" ? gap : gap.replace(";;", UNMAPPED)}${before}${first.length > 0 ? encode(moved) : ""}${after}`;
    line += text.split(";").length - 1;
    if (first.length > 0) [source, row, column] = [sources + last[0], last[1], last[2]];
    joined += text;
  }
  return joined + UNMAPPED;
}

/** A line with a segment that has no source, at its first column. */
const UNMAPPED = ";A;";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** The first four fields of a segment that has five; the digit with which a field ends is one of the first 32. */
const NAMED = /((?:[g-z0-9+/]*[A-Za-f]){4})[^;,]+/g;

/** Numbers in base64 digits of five bits, lowest first; the sign is the lowest bit. */
function decode(segment: string): number[] {
  return [...segment.matchAll(/[g-z0-9+/]*[A-Za-f]/g)].map(([field]) => {
    const value = [...field].reduceRight((all, digit) => all * 32 + (DIGITS.indexOf(digit) & 31), 0);
    return value % 2 === 1 ? -(value - 1) / 2 : value / 2;
  });
}

function encode(fields: readonly number[]): string {
  return fields.map((field) => digitsOf(field < 0 ? -field * 2 + 1 : field * 2)).join("");
}

function digitsOf(value: number): string {
  return value < 32 ? (DIGITS[value] ?? "") : (DIGITS[(value % 32) + 32] ?? "") + digitsOf(Math.floor(value / 32));
}
