import type { Pattern, Segment, Token } from "../../ignore/pattern.ts";

/**
 * The pattern in rsync's syntax: each text matches a part of what the pattern matches, together they match all of it.
 * Without the rule's sign. rsync(1), "PATTERN MATCHING RULES".
 */
export function rsyncPatterns(pattern: Pattern): string[] {
  const end = pattern.directoryOnly ? "/" : "";
  if (!pattern.anchored) return [printSegments(pattern.segments) + end];
  return withoutInnerDoubleStars(pattern.segments).map((segments) => `/${printSegments(segments)}${end}`);
}

/** git's inner `**` also matches zero components, rsync's needs one: returns both forms. */
function withoutInnerDoubleStars(segments: readonly Segment[]): Segment[][] {
  const [head, ...rest] = segments;
  if (head === undefined) return [[]];
  const tails = withoutInnerDoubleStars(rest);
  const longer = tails.map((tail) => [head, ...tail]);
  return head === "**" && rest.length > 0 ? [...tails, ...longer] : longer;
}

/** rsync reads a backslash as an escape only in a pattern with a wildcard; a class needs none. */
function printSegments(segments: readonly Segment[]): string {
  const tokens = segments.flatMap((segment) => (segment === "**" ? [] : segment));
  const isWild =
    segments.includes("**") || tokens.some((token) => token.kind !== "literal" || /[*?[]/.test(token.text));
  return segments.map((segment) => (segment === "**" ? "**" : printSegment(segment, isWild))).join("/");
}

function printSegment(segment: Exclude<Segment, "**">, isWild: boolean): string {
  return segment.map((token) => printToken(token, isWild)).join("");
}

function printToken(token: Token, isWild: boolean): string {
  switch (token.kind) {
    case "literal":
      return isWild ? token.text.replace(/[*?[]/g, "[$&]").replace(/\\/g, "\\\\") : token.text;
    case "any":
      return "?";
    case "star":
      return "*";
    case "class":
      return `[${token.negated ? "!" : ""}${token.ranges.map(printRange).join("")}]`;
  }
}

function printRange([first, last]: readonly [number, number]): string {
  const from = `\\${String.fromCharCode(first)}`;
  return first === last ? from : `${from}-\\${String.fromCharCode(last)}`;
}
